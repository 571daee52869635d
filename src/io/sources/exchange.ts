/** One exchange with a server: given up when it stalls or is aborted, with failures that may pass told from others. */
import { isPytree2SafetensorsError } from "../../base/errors.ts";
import { messageOf } from "../../base/quote.ts";
import { abortable, onAbort } from "../abort.ts";
import { placeError } from "../faults.ts";
import { Transient } from "./retry.ts";

/** How many milliseconds to wait for the next sign of life. */
export const DEFAULT_TIMEOUT_MS = 30_000;
// Timers of more than 2^31 - 1 milliseconds, 25 days, go off at once.
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Who is asked, and for how long. */
export interface ExchangeOptions {
  /** What messages call it, safe to print. */
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  /** How many milliseconds to wait for the answer, and after each progress for the next. */
  readonly timeout: number | undefined;
  /** What messages say before how long nothing came. */
  readonly silence?: string;
  /** What messages say before why the connection broke. */
  readonly broke?: string;
}

/**
 * Runs one exchange. Failures that may pass are thrown as {@link Transient}.
 *
 * @param run Sends the request and reads the answer. It calls `onProgress` when something has arrived.
 */
export async function exchange<T>(
  {
    name,
    signal,
    timeout = DEFAULT_TIMEOUT_MS,
    silence = "no byte arrived for",
    broke = "",
  }: ExchangeOptions,
  run: (signal: AbortSignal, onProgress: () => void) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const forget = onAbort(signal, () => controller.abort(signal?.reason));
  const wait = Math.min(timeout, MAX_TIMEOUT_MS);
  let progress = performance.now();
  const watch = () => {
    const left = progress + wait - performance.now();
    if (left > 0) {
      timer = setTimeout(watch, left);
      return;
    }
    const problem = `${silence} ${wait} ms; raise \`timeout\` to wait longer`;
    controller.abort(new Transient(placeError("Timeout", name, problem)));
  };
  let timer = setTimeout(watch, wait);
  const onProgress = () => {
    // What was given up is not to write on into memory that its successor fills.
    controller.signal.throwIfAborted();
    progress = performance.now();
  };
  const judge = (cause: unknown): never => {
    if (cause instanceof Transient) throw cause;
    // What signs requests knows better what its errors mean. A body that was cut off may come whole.
    if (isPytree2SafetensorsError(cause)) throw cause.code === "ShortRead" ? new Transient(cause) : cause;
    // What `fetch` says, and the reason that Node puts behind it.
    const behind = (cause as { cause?: unknown } | null)?.cause ?? "";
    const reasons = [cause, behind].map(messageOf).filter(Boolean).join(": ");
    const error = placeError("HttpError", name, broke + reasons, { cause });
    // A connection that broke comes back; a loop of redirects stays one.
    throw /redirect/i.test(reasons) ? error : new Transient(error);
  };
  try {
    return await abortable(run(controller.signal, onProgress).catch(judge), controller.signal);
  } finally {
    clearTimeout(timer);
    forget();
    // Lets go of a connection whose body nobody reads; after a whole one it does nothing.
    controller.abort();
  }
}
