/** Credentials for S3: a value or a function that gives one, asked again before they expire. */
import type { Awaitable } from "../../../base/types.ts";

/** Keys for signing, in the form that the credential providers of the AWS SDK return. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The token of temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** When temporary credentials expire. */
  readonly expiration?: Date | undefined;
}

/** Credentials, or a function that returns them. It is called again when they are about to expire or were refused. */
export type S3CredentialsInput = S3Credentials | (() => Awaitable<S3Credentials>);

// A large part can be under way for minutes.
const EARLY_MS = 5 * 60_000;

/** Gives credentials that are still valid; several requests that need new ones share one call. */
export class CredentialsCache {
  readonly #input: S3CredentialsInput | undefined;
  #current: Promise<S3Credentials> | undefined;
  #refreshAt = Number.POSITIVE_INFINITY;

  constructor(input: S3CredentialsInput | undefined) {
    this.#input = input;
  }

  /** `undefined` where requests are to be anonymous. */
  async get(): Promise<S3Credentials | undefined> {
    const input = this.#input;
    if (typeof input !== "function") return input;
    if (Date.now() >= this.#refreshAt) this.#current = undefined;
    if (this.#current === undefined) {
      this.#refreshAt = Number.POSITIVE_INFINITY;
      const asking = Promise.resolve().then(input);
      this.#current = asking;
      asking.then(
        ({ expiration }) => {
          if (this.#current !== asking || expiration === undefined) return;
          // Credentials with less than ten minutes to live are used for half of it.
          const left = expiration.getTime() - Date.now();
          this.#refreshAt = expiration.getTime() - Math.min(EARLY_MS, left / 2);
        },
        () => {
          if (this.#current === asking) this.#current = undefined;
        },
      );
    }
    return this.#current;
  }

  /** Forgets credentials that the server refused; `false` where there are no others to ask for. */
  async refuse(refused: S3Credentials | undefined): Promise<boolean> {
    if (typeof this.#input !== "function") return false;
    // Another request may have renewed them meanwhile.
    if ((await this.get()) === refused) this.#current = undefined;
    return true;
  }
}
