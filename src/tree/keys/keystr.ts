/** Key paths as JAX prints them. */
import { type DictKeyValue, type KeyEntry, type KeyPath, requireKeyPath } from "./keypath.ts";

/**
 * Formats a key path for people, as JAX does.
 *
 * @throws `InvalidArgument` if `path` is not a key path.
 * @example
 * ```ts
 * keystr([new GetAttrKey("layers"), new SequenceKey(10), new DictKey("query")]); // ".layers[10]['query']"
 * ```
 */
export function keystr(path: KeyPath): string {
  requireKeyPath(path);
  return path.map(spellEntry).join("");
}

function spellEntry(entry: KeyEntry): string {
  switch (entry.kind) {
    case "attr":
      return `.${entry.name}`;
    case "dict":
      return `[${repr(entry.key)}]`;
    case "sequence":
      return `[${entry.idx}]`;
    case "flat":
      return `[<flat index ${entry.key}>]`;
    default:
      return `[<unknown key>]`;
  }
}

/** Python's `repr` of the value that a Python dict would have as its key. */
export function repr(key: DictKeyValue): string {
  if (typeof key === "string") return reprString(key);
  if (typeof key === "boolean") return key ? "True" : "False";
  if (typeof key === "bigint") return String(key);
  if (Number.isInteger(key)) return Object.is(key, -0) ? "-0.0" : String(BigInt(key));
  if (!Number.isFinite(key)) return String(key).replace("NaN", "nan").replace("Infinity", "inf");
  // Python changes to exponents below 1e-4 where JavaScript waits until 1e-6, and writes two digits of them.
  const text = Math.abs(key) < 1e-4 ? key.toExponential() : String(key);
  return text.replace(/e-(\d)$/, "e-0$1");
}

function reprString(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\\p{C}\p{Z}'"]/gu, (char) => {
    if (char === " ") return char;
    if (char === "'" || char === '"') return char === mark ? `\\${char}` : char;
    if (char === "\\") return "\\\\";
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0)!;
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  });
  return mark + body + mark;
}
