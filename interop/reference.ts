import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the reference implementation says of a file. */
export type ReferenceAnswer =
  | { readonly error: string; readonly detail: string }
  | {
      readonly error?: undefined;
      readonly metadata: Readonly<Record<string, string>> | null;
      /** Name, dtype, shape, begin and end, by offsets and name. */
      readonly tensors: readonly (readonly [string, string, readonly number[], number, number])[];
    };

const PROGRAM = fileURLToPath(new URL("oracle/target/release/safetensors-oracle", import.meta.url));

/** The program in `oracle/`, running: files in, answers out. */
export class Reference {
  readonly #process: ChildProcessWithoutNullStreams = spawn(PROGRAM, ["read"]);
  readonly #lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  /** Reads all files, answers in their order. */
  async read(files: readonly Uint8Array[]): Promise<ReferenceAnswer[]> {
    const { stdin } = this.#process;
    for (const file of files) {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, file.length, true);
      stdin.write(length);
      stdin.write(file);
    }
    const answers: ReferenceAnswer[] = [];
    for (const _ of files) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("the reference program ended early");
      answers.push(JSON.parse(value));
    }
    return answers;
  }

  close(): void {
    this.#process.stdin.end();
  }
}

/** A tensor for the reference serializer; its data are `fill` repeated. */
export interface ReferenceTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
  readonly fill: number;
}

/** The files that the reference serializer makes of lists of tensors. At most one metadata key: its order is random. */
export function writeWithReference(
  requests: readonly {
    readonly tensors: readonly ReferenceTensor[];
    readonly metadata: Readonly<Record<string, string>> | undefined;
  }[],
): Buffer[] {
  const lines = requests.map(({ tensors, metadata }) =>
    JSON.stringify({
      metadata: metadata ?? null,
      tensors: tensors.map(({ name, dtype, shape, byteLength, fill }) => {
        return { name, dtype, shape, data: Buffer.alloc(byteLength, fill).toString("hex") };
      }),
    }),
  );
  const { stdout, status, stderr } = spawnSync(PROGRAM, ["write"], {
    input: `${lines.join("\n")}\n`,
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`the reference program failed: ${stderr}`);
  const files: Buffer[] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = at + 4 + stdout.readUInt32LE(at);
    files.push(stdout.subarray(at + 4, end));
    at = end;
  }
  return files;
}
