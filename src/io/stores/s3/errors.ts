/** What S3's error answers mean: its codes in words, with the way out, and which of them may pass. */
import { isPytree2SafetensorsError } from "../../../base/errors.ts";
import { printable } from "../../../base/quote.ts";
import { httpError } from "../../sources/response.ts";
import { mayPass, retryAfter, Transient } from "../../sources/retry.ts";
import { childText, parseXml } from "./xml.ts";

const ADVICE: Readonly<Record<string, string>> = {
  AccessDenied: "check what these credentials may do there",
  AuthorizationHeaderMalformed: "check the region",
  BadDigest: "the bytes were changed on the way; try again",
  ExpiredToken: "pass credentials as a function, so that they can be renewed",
  InvalidAccessKeyId: "check the access key and the endpoint",
  NoSuchBucket: "check its name and the endpoint, or create it first",
  PermanentRedirect: "check the region and the endpoint",
  RequestTimeTooSkewed: "set the clock of this machine",
  SignatureDoesNotMatch: "check the secret key, the region and the endpoint",
  XAmzContentSHA256Mismatch: "the bytes were changed on the way; try again",
};

const PASSING = new Set([
  "ConditionalRequestConflict",
  "InternalError",
  "OperationAborted",
  "RequestTimeout",
  "ServiceUnavailable",
  "SlowDown",
  // The bytes that arrived are not those that were sent.
  "BadDigest",
  "XAmzContentSHA256Mismatch",
]);

const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired"]);

/** What an error answer means. */
export interface S3Failure {
  /** The error; a {@link Transient} one where trying again may help. */
  readonly error: unknown;
  /** Whether new credentials may help. */
  readonly isExpired: boolean;
}

/** Reads an answer that is not what was hoped for. */
export function failureOf(status: number, headers: Headers, body: string, name: string): S3Failure {
  // S3's own code, `NoSuchKey` say; empty where the answer has none, as to `HEAD`.
  let code = "";
  let message = "";
  try {
    const answer = parseXml(body);
    if (answer.name === "Error") {
      code = childText(answer, "Code") ?? "";
      message = childText(answer, "Message") ?? "";
    }
  } catch {
    // A proxy's page, or nothing at all: the status says enough.
  }
  const what = status === 0 ? "the server answered with a redirect" : `the server answered ${status}`;
  const said = [printable(code, 100), printable(message, 500).replace(/\.$/, "")].filter(Boolean).join(": ");
  // The region that the server names in place of the one that was tried.
  const region = headers.get("x-amz-bucket-region");
  const isElsewhere = region !== null && (status < 400 ? status === 0 || status >= 300 : status === 400);
  const known = Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined;
  const advice = isElsewhere ? `the bucket is in the region ${printable(region, 50)}; pass it` : known;
  const text = [[what, said].filter(Boolean).join(" "), advice].filter(Boolean).join("; ");
  const error = httpError(name, status, text);
  const passes = mayPass(status) || PASSING.has(code);
  return {
    error: passes ? new Transient(error, retryAfter(headers.get("retry-after"))) : error,
    isExpired: EXPIRED.has(code),
  };
}

/** An answer; `undefined` if the server says that there is no such thing. */
export async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isPytree2SafetensorsError(error) && error.status === 404) return undefined;
    throw error;
  }
}
