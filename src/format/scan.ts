import { DTYPE_NAMES } from "../tensor/dtypes.ts";
import { CanonicalReader } from "./canonical.ts";
import { allocateColumns, type Columns, DTYPE_BITS, dtypeCode, EXACT_ELEMENTS } from "./columns.ts";
import { FaultList } from "./faults.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  HEADER_CODE,
  type JsonCursor,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "./json.ts";
import { KeySet, stringText } from "./keyset.ts";

/** The key of the header's one entry that is no tensor. */
export const METADATA_KEY = "__metadata__";

const FIELDS = ["dtype", "shape", "data_offsets"] as const;
const ALL_FIELDS = 0b111;

// Containers that are open around an entry and around its fields, the header itself being one.
const IN_HEADER = 1;
const IN_ENTRY = 2;
const IN_FIELD = 3;

/** A header's JSON, read and found to be of the right form; offsets are not yet checked against each other. */
export interface Scan {
  readonly names: KeySet;
  readonly columns: Columns;
  /** Whether a tensor's offsets may not fit its shape and dtype, or numbers were too large to tell. */
  readonly suspect: boolean;
  /** Whether a number was too large for a double to be sure to hold it; then `suspect` is true too. */
  readonly huge: boolean;
  /** Where the metadata object starts, -1 without one. */
  readonly metadataAt: number;
}

/**
 * Reads the JSON of a header.
 *
 * @throws InvalidHeaderDeserialization, with everything of the wrong form in `faults`; bad JSON ends the list.
 */
export function scanHeader(header: Uint8Array, cursor: JsonCursor): Scan {
  return new HeaderScanner(header, cursor).scan();
}

class HeaderScanner {
  readonly #cursor: JsonCursor;
  readonly #bytes: Uint8Array;
  readonly #names: KeySet;
  readonly #columns: Columns;
  readonly #faults = new FaultList();
  #suspect = false;
  #metadataAt = -1;
  // The entry being read.
  #nameStart = 0;
  #nameEnd = 0;
  #row = 0;
  #elements = 1;

  constructor(header: Uint8Array, cursor: JsonCursor) {
    this.#bytes = header;
    this.#cursor = cursor;
    this.#names = new KeySet(cursor.keys);
    this.#columns = allocateColumns(header.length);
    cursor.onDuplicate = (key) => this.#fault(`the key ${quote(key)} twice in one object`, "unique keys");
  }

  scan(): Scan {
    const cursor = this.#cursor;
    const canonical = new CanonicalReader(this.#bytes, this.#columns);
    let metadataSeen = false;
    cursor.expect(OPEN_BRACE);
    if (!cursor.empty(CLOSE_BRACE)) {
      do {
        cursor.string();
        this.#nameStart = cursor.start;
        this.#nameEnd = cursor.end;
        if (cursor.is(METADATA_KEY)) {
          if (metadataSeen) this.#fault("it twice", "one entry of this name");
          metadataSeen = true;
          this.#metadata();
          continue;
        }
        this.#row = this.#names.count;
        if (cursor.addTo(this.#names) >= 0) this.#fault("the name twice", "unique names");
        const after = canonical.read(cursor.pos, this.#row);
        if (after > 0) cursor.pos = after;
        else this.#entry();
      } while (cursor.more(CLOSE_BRACE));
    }
    if (cursor.next() !== -1) cursor.fail("nothing after the header's closing brace");
    this.#faults.throwIfAny();
    return {
      names: this.#names,
      columns: this.#columns,
      suspect: this.#suspect || cursor.huge,
      huge: cursor.huge,
      metadataAt: this.#metadataAt,
    };
  }

  #entry(): void {
    const cursor = this.#cursor;
    cursor.expect(COLON);
    if (cursor.next() !== OPEN_BRACE) {
      this.#mistyped("an object with dtype, shape and data_offsets", IN_HEADER);
      return;
    }
    cursor.pos++;
    let seen = 0;
    let unknown: KeySet | undefined;
    this.#elements = 1;
    if (!cursor.empty(CLOSE_BRACE)) {
      do {
        cursor.string();
        const field = FIELDS.findIndex((name) => cursor.is(name));
        if (field < 0) {
          unknown ??= cursor.keySet(IN_ENTRY);
          if (cursor.addTo(unknown) >= 0) cursor.onDuplicate(cursor.text());
        } else if (seen & (1 << field)) cursor.onDuplicate(FIELDS[field]!);
        cursor.expect(COLON);
        cursor.next();
        if (field === 0) this.#dtype();
        else if (field === 1) this.#shape();
        else if (field === 2) this.#offsets();
        else cursor.skip(IN_ENTRY);
        if (field >= 0) seen |= 1 << field;
      } while (cursor.more(CLOSE_BRACE));
    }
    if (seen !== ALL_FIELDS) {
      const missing = FIELDS.filter((_, field) => !(seen & (1 << field))).join(", ");
      this.#fault(`no ${missing}`, "dtype, shape and data_offsets");
    }
    this.#check();
  }

  #dtype(): void {
    const cursor = this.#cursor;
    if (this.#bytes[cursor.pos] !== QUOTE) {
      this.#mistyped("a dtype name", IN_ENTRY);
      return;
    }
    cursor.string();
    const code = cursor.escaped
      ? (DTYPE_NAMES as readonly string[]).indexOf(cursor.text())
      : dtypeCode(this.#bytes, cursor.start, cursor.end);
    if (code < 0)
      this.#fault(`the unknown dtype ${quote(cursor.text())}`, `one of ${DTYPE_NAMES.join(", ")}`);
    else this.#columns.dtypes[this.#row] = code;
  }

  #shape(): void {
    const cursor = this.#cursor;
    if (this.#bytes[cursor.pos] !== OPEN_BRACKET) {
      this.#mistyped("an array of sizes as shape", IN_ENTRY);
      return;
    }
    this.#columns.shapeAt[this.#row] = cursor.pos++;
    if (cursor.empty(CLOSE_BRACKET)) return;
    do {
      this.#elements *= this.#size();
      // Here, not at the end: a zero further on must not hide an overflow.
      if (this.#elements > EXACT_ELEMENTS) this.#suspect = true;
    } while (cursor.more(CLOSE_BRACKET));
  }

  #offsets(): void {
    const cursor = this.#cursor;
    const expected = "an array of two integers as data_offsets";
    if (this.#bytes[cursor.pos] !== OPEN_BRACKET) {
      this.#mistyped(expected, IN_ENTRY);
      return;
    }
    const start = cursor.pos++;
    let count = 0;
    if (!cursor.empty(CLOSE_BRACKET)) {
      do {
        const offset = this.#size();
        if (count === 0) this.#columns.begins[this.#row] = offset;
        if (count === 1) this.#columns.ends[this.#row] = offset;
        count++;
      } while (cursor.more(CLOSE_BRACKET));
    }
    this.#columns.offsetsAt[this.#row] = start;
    if (count !== 2) this.#fault(cursor.excerpt(start, cursor.pos), expected);
  }

  // A size or an offset; 0 after a fault.
  #size(): number {
    this.#cursor.next();
    const value = this.#cursor.u64();
    if (value >= 0) return value;
    this.#mistyped("plain integers from 0 to 2^64 - 1 as sizes and offsets", IN_FIELD);
    return 0;
  }

  // Whether shape and dtype give the bytes that the offsets span, as far as doubles can tell.
  #check(): void {
    const { dtypes, begins, ends } = this.#columns;
    const row = this.#row;
    const bits = this.#elements * DTYPE_BITS[dtypes[row]!]!;
    if (bits !== (ends[row]! - begins[row]!) * 8) this.#suspect = true;
  }

  #metadata(): void {
    const cursor = this.#cursor;
    cursor.expect(COLON);
    if (cursor.next() !== OPEN_BRACE) {
      if (!cursor.literal("null")) this.#mistyped("an object of strings, or null", IN_HEADER);
      return;
    }
    this.#metadataAt = cursor.pos++;
    if (cursor.empty(CLOSE_BRACE)) return;
    const keys = cursor.keySet(IN_ENTRY);
    do {
      cursor.string();
      if (cursor.addTo(keys) >= 0) cursor.onDuplicate(cursor.text());
      cursor.expect(COLON);
      if (cursor.next() === QUOTE) cursor.string();
      else this.#mistyped("strings as metadata values", IN_ENTRY);
    } while (cursor.more(CLOSE_BRACE));
  }

  // The value at the cursor is JSON, but not what it must be here.
  #mistyped(expected: string, open: number): void {
    const cursor = this.#cursor;
    const start = cursor.pos;
    cursor.skip(open);
    this.#fault(cursor.excerpt(start, cursor.pos), expected);
  }

  #fault(found: string, expected: string): void {
    this.#faults.add(() => {
      const name = stringText(this.#bytes, this.#nameStart, this.#nameEnd);
      const what = name === METADATA_KEY ? name : `tensor ${quote(name)}`;
      const message = `${what}: expected ${expected}, found ${found}`;
      return { code: HEADER_CODE, message, tensor: name, expected, found };
    });
  }
}

function quote(text: string): string {
  return JSON.stringify(text);
}
