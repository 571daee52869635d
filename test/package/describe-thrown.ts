import { isPytree2SafetensorsError } from "../../src/index.ts";

/** What a call threw, in the fields that a program would look at. */
export interface Thrown {
  /** Whether it is an error of this package. */
  readonly ours: boolean;
  readonly code?: string | undefined;
  readonly message: string;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

/** Calls, and tells what was thrown; a call that goes through is told so in the message. */
export async function describeThrown(call: () => Promise<unknown>): Promise<Thrown> {
  try {
    await call();
  } catch (error) {
    if (!isPytree2SafetensorsError(error)) return { ours: false, message: String(error) };
    const { code, message, expected, found } = error;
    return { ours: true, code, message, expected, found };
  }
  return { ours: false, message: "nothing was thrown" };
}
