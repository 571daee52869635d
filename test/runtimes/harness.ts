/**
 * A test runner of one page, for the suites that run where vitest does not: in Deno, in Bun, in old and new Nodes,
 * in a page and in a worker. No imports, so that the bundle of a suite is that suite and the package alone.
 */

/** How one test ended. */
export interface Result {
  readonly name: string;
  /** What went wrong, with its stack; absent where nothing did. */
  readonly error?: string;
  readonly milliseconds: number;
}

interface Case {
  readonly name: string;
  readonly run: () => unknown;
}

// Longer than any test takes on a busy machine; a promise that never settles is a failure, not a hang.
const TIMEOUT_MS = 60_000;

const cases: Case[] = [];
let prefix = "";

/** Names what the tests in `define` are about. */
export function describe(subject: string, define: () => void): void {
  const outer = prefix;
  prefix = `${outer}${subject} › `;
  define();
  prefix = outer;
}

/** Declares a test: it passes unless `run` throws or rejects. */
export function it(name: string, run: () => unknown): void {
  cases.push({ name: prefix + name, run });
}

/** Runs everything that was declared, one after the other. */
export async function runAll(timeout = TIMEOUT_MS): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, run } of cases) {
    const started = performance.now();
    let error: string | undefined;
    try {
      await withTimeout(Promise.resolve().then(run), timeout);
    } catch (thrown) {
      error = describeError(thrown);
    }
    const milliseconds = performance.now() - started;
    results.push({ name, milliseconds, ...(error !== undefined && { error }) });
  }
  return results;
}

async function withTimeout(promise: Promise<unknown>, timeout: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${timeout / 1000} s`)), timeout);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  // JavaScriptCore's and SpiderMonkey's stacks come without the message.
  const stack = error.stack?.includes(error.message) ? error.stack : `${error.message}\n${error.stack ?? ""}`;
  const cause = error.cause === undefined ? "" : `\ncaused by ${describeError(error.cause)}`;
  return `${typeof code === "string" ? `[${code}] ` : ""}${stack}${cause}`;
}

/** Throws unless `condition` holds. */
export function ok(condition: unknown, message = "expected it to hold"): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless both are equal in depth: prototype, own keys and values, typed arrays, maps; `NaN` is itself. */
export function equal(actual: unknown, expected: unknown, what = "value"): void {
  const difference = compare(actual, expected, what);
  if (difference !== undefined) throw new Error(difference);
}

function compare(actual: unknown, expected: unknown, at: string): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (!isObject(actual) || !isObject(expected))
    return `${at}: expected ${show(expected)}, got ${show(actual)}`;
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) {
    return `${at}: expected a ${className(expected)}, got a ${className(actual)}`;
  }
  if (ArrayBuffer.isView(actual) && ArrayBuffer.isView(expected)) return compareViews(actual, expected, at);
  if (actual instanceof Map && expected instanceof Map) {
    return compare([...actual], [...expected], `entries of ${at}`);
  }
  const keys = Object.keys(actual);
  const expectedKeys = Object.keys(expected);
  if (keys.length !== expectedKeys.length || keys.some((key) => !Object.hasOwn(expected, key))) {
    return `${at}: expected the keys ${show(expectedKeys)}, got ${show(keys)}`;
  }
  for (const key of keys) {
    const difference = compare(actual[key], expected[key], `${at}[${JSON.stringify(key)}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function compareViews(actual: ArrayBufferView, expected: ArrayBufferView, at: string): string | undefined {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  if (actual.byteLength !== expected.byteLength) {
    return `${at}: expected ${expected.byteLength} bytes, got ${actual.byteLength}`;
  }
  const a = bytes(actual);
  const b = bytes(expected);
  const index = a.findIndex((byte, i) => byte !== b[i]);
  return index < 0 ? undefined : `${at}: expected byte ${index} to be ${b[index]}, got ${a[index]}`;
}

/** The error that `action` throws or rejects with; throws where neither its code nor its name is `code`, or none comes. */
export async function rejects(action: () => unknown, code: string): Promise<Error> {
  let value: unknown;
  try {
    value = await action();
  } catch (error) {
    const { code: found, name } = error as { code?: unknown; name?: unknown };
    if (found === code || name === code) return error as Error;
    throw new Error(`expected a ${code}, got ${describeError(error)}`, { cause: error });
  }
  throw new Error(`expected a ${code}, got ${show(value)}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function className(value: object): string {
  return Object.getPrototypeOf(value)?.constructor?.name ?? "null-prototype object";
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) {
    return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part)).slice(0, 200);
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
