/** Refuses options of the wrong kind before anything is opened: a wrong one would mean something else in silence. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";

interface Check {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const isFunction = (value: unknown) => typeof value === "function";

const CHECKS: Readonly<Record<string, Check>> = {
  signal: {
    expected: "an AbortSignal",
    accepts: (value) =>
      typeof (value as AbortSignal | null)?.aborted === "boolean" &&
      isFunction((value as AbortSignal).addEventListener),
  },
  fetch: { expected: "a function", accepts: isFunction },
  headers: { expected: "an object of strings or Headers", accepts: isHeaders },
  retries: {
    expected: "a number of retries, 0 or more",
    accepts: (value) =>
      typeof value === "number" && value >= 0 && (Number.isInteger(value) || value === Infinity),
  },
  timeout: {
    expected: "a number of milliseconds, more than 0",
    accepts: (value) => typeof value === "number" && value > 0,
  },
  onDownload: { expected: "a function", accepts: isFunction },
  bound: { expected: "a function", accepts: isFunction },
  flush: { expected: "true or false", accepts: (value) => typeof value === "boolean" },
};

/** Checks the options of this room; others, and those that are `undefined`, are left alone. */
export function checkOptions(options: object): void {
  if (typeof options !== "object" || options === null) throw wrong("options", "an object", options);
  for (const [name, { expected, accepts }] of Object.entries(CHECKS)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !accepts(value)) throw wrong(name, expected, value);
  }
}

function isHeaders(value: unknown): boolean {
  try {
    new Headers(value as HeadersInit);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function wrong(name: string, expected: string, value: unknown): Pytree2SafetensorsError {
  // What is in headers may be a secret.
  const found =
    name === "headers" && value !== null
      ? `a value of type ${typeof value} that can't be sent`
      : describeValue(value);
  return new Pytree2SafetensorsError("InvalidArgument", `${name} must be ${expected}, not ${found}`, {
    expected,
    found,
  });
}
