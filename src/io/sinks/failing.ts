/** Sinks whose errors are put into words. */
import { attempt, type Explain } from "../faults.ts";
import type { GatheringSink } from "./kind.ts";

/** The same sink, with its errors put into words. */
export function failing(fail: Explain, sink: GatheringSink): GatheringSink {
  return {
    write: (chunk, stays) => {
      const writing = sink.write(chunk, stays);
      return writing && attempt(fail, () => writing);
    },
    close: () => attempt(fail, () => sink.close()),
    abort: (reason) => attempt(fail, () => sink.abort?.(reason)),
  };
}
