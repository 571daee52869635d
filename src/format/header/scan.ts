// Reads the JSON of a header into rows of numbers, and finds everything in it that has the wrong form.
import { quote } from "../../base/quote.ts";
import { DTYPE_NAMES } from "../../tensor/dtypes.ts";
import { CanonicalReader } from "./canonical.ts";
import { FaultList } from "./faults.ts";
import { CLOSE_BRACE, COLON, HEADER_CODE, JsonCursor, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "./json.ts";
import { type KeyList, stringText } from "./key-list.ts";
import { KeySet } from "./keyset.ts";
import { METADATA_KEY } from "./prefix.ts";
import {
  allocateRows,
  BEGIN,
  DTYPE,
  DTYPE_BITS,
  END,
  EXACT_ELEMENTS,
  OFFSETS_AT,
  type Rows,
  SHAPE_AT,
  WIDTH,
} from "./rows.ts";
import { SortedKeys } from "./sorted-keys.ts";

// The fields of an entry: what the value of each starts with, and what it must be.
const FIELDS = [
  { name: "dtype", opens: QUOTE, expected: "a dtype name" },
  { name: "shape", opens: OPEN_BRACKET, expected: "an array of sizes as shape" },
  { name: "data_offsets", opens: OPEN_BRACKET, expected: "an array of two integers as data_offsets" },
] as const;
const ALL_FIELDS = 0b111;

// With a name of some twenty letters.
const TYPICAL_ENTRY_BYTES = 80;

// Containers that are open around an entry and around its fields, the header itself being one.
const IN_HEADER = 1;
const IN_ENTRY = 2;
const IN_FIELD = 3;

/**
 * Reads the JSON of a header.
 *
 * @throws InvalidHeaderDeserialization: for bad JSON at once, else with everything of the wrong form in `faults`.
 */
export function scanHeader(header: Uint8Array): HeaderScan {
  const rows = allocateRows(header.length);
  const sorted = new SortedKeys(header, Math.max(8, Math.floor(header.length / TYPICAL_ENTRY_BYTES)));
  try {
    const scan = new HeaderScan(header, sorted, rows).read();
    if (sorted.areUnique()) return scan;
  } catch {
    // Names in another order, or a fault: read again, with a set that finds each name that is there twice. In the same
    // memory, because headers are made to cost much of it.
  }
  return new HeaderScan(header, new KeySet(header, sorted), rows).read();
}

/** A header's JSON, read and found to be of the right form; offsets are not yet checked against each other. */
export class HeaderScan {
  readonly cursor: JsonCursor;
  readonly names: KeyList;
  readonly rows: Rows;
  /** Whether a tensor's offsets may not fit its shape and dtype, or numbers were too large to tell. */
  suspect = false;
  /** The bytes of the metadata object, if there is one. */
  metadata: Uint8Array | undefined;
  readonly #bytes: Uint8Array;
  readonly #faults = new FaultList();
  // The entry being read.
  #nameStart = 0;
  #nameEnd = 0;
  // Where its numbers go.
  #row = 0;
  #elements = 1;

  readonly #canonical: CanonicalReader;

  /**
   * @param names Where names go, and duplicates are found.
   * @param rows Where numbers go; what is in them is overwritten.
   */
  constructor(header: Uint8Array, names: KeyList, rows: Rows) {
    this.#bytes = header;
    this.cursor = new JsonCursor(header);
    this.names = names;
    this.rows = rows;
    this.#canonical = new CanonicalReader(header, rows);
    this.cursor.onDuplicate = (key) =>
      this.#fault(`the key ${quote(key)} twice in one object`, "unique keys");
  }

  /** Reads it, once. Throws as {@link scanHeader} does. */
  read(): this {
    const { cursor, names } = this;
    const canonical = this.#canonical;
    let metadataSeen = false;
    cursor.expect(OPEN_BRACE);
    if (!cursor.skipIf(CLOSE_BRACE)) {
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
        const row = names.count;
        this.#row = row * WIDTH;
        if (cursor.isIn(names)) this.#fault("the name twice", "unique names");
        const after = canonical.read(cursor.pos, row);
        if (after > 0) cursor.pos = after;
        else this.#entry();
      } while (cursor.more(CLOSE_BRACE));
    }
    if (cursor.next() !== -1) cursor.fail("nothing after the header's closing brace");
    this.#faults.throwIfAny();
    this.suspect ||= cursor.huge;
    return this;
  }

  #entry(): void {
    const { cursor, rows } = this;
    cursor.expect(COLON);
    if (cursor.next() !== OPEN_BRACE) {
      this.#mistyped("an object with dtype, shape and data_offsets", IN_HEADER);
      return;
    }
    cursor.pos++;
    let seen = 0;
    let unknown: KeySet | undefined;
    this.#elements = 1;
    if (!cursor.skipIf(CLOSE_BRACE)) {
      do {
        cursor.string();
        const field = FIELDS.findIndex(({ name }) => cursor.is(name));
        if (field < 0) {
          unknown ??= cursor.keySet(IN_ENTRY);
          if (cursor.isIn(unknown)) cursor.onDuplicate(cursor.text());
        } else if (seen & (1 << field)) cursor.onDuplicate(cursor.text());
        else seen |= 1 << field;
        cursor.expect(COLON);
        this.#value(FIELDS[field]);
      } while (cursor.more(CLOSE_BRACE));
    }
    if (seen !== ALL_FIELDS) {
      const missing = FIELDS.filter((_, field) => !(seen & (1 << field))).map(({ name }) => name);
      this.#fault(`no ${missing.join(", ")}`, "dtype, shape and data_offsets");
    }
    // Whether shape and dtype give the bytes that the offsets span, as far as doubles can tell.
    const row = this.#row;
    const bits = this.#elements * DTYPE_BITS[rows[row + DTYPE]!]!;
    if (bits !== (rows[row + END]! - rows[row + BEGIN]!) * 8) this.suspect = true;
  }

  #value(field: (typeof FIELDS)[number] | undefined): void {
    if (field === undefined) this.cursor.skip(IN_ENTRY);
    else if (this.cursor.next() !== field.opens) this.#mistyped(field.expected, IN_ENTRY);
    else if (field.name === "dtype") this.#dtype();
    else if (field.name === "shape") this.#shape();
    else this.#offsets(field.expected);
  }

  #dtype(): void {
    const { cursor } = this;
    cursor.string();
    const code = DTYPE_NAMES.findIndex((name) => cursor.is(name));
    if (code < 0) {
      this.#fault(`the unknown dtype ${quote(cursor.text())}`, `one of ${DTYPE_NAMES.join(", ")}`);
    }
    this.rows[this.#row + DTYPE] = code;
  }

  #shape(): void {
    this.rows[this.#row + SHAPE_AT] = this.cursor.pos;
    this.cursor.container(IN_FIELD, () => {
      this.#elements *= this.#size();
      // Here, not at the end: a zero further on must not hide an overflow.
      if (this.#elements > EXACT_ELEMENTS) this.suspect = true;
    });
  }

  #offsets(expected: string): void {
    const { cursor, rows } = this;
    const start = cursor.pos;
    let count = 0;
    cursor.container(IN_FIELD, () => {
      const offset = this.#size();
      if (count < 2) rows[this.#row + BEGIN + count] = offset;
      count++;
    });
    rows[this.#row + OFFSETS_AT] = start;
    if (count !== 2) this.#fault(cursor.excerpt(start, cursor.pos), expected);
  }

  // A size or an offset; 0 after a fault.
  #size(): number {
    this.cursor.next();
    const value = this.cursor.u64();
    if (value >= 0) return value;
    this.#mistyped("plain integers from 0 to 2^64 - 1 as sizes and offsets", IN_FIELD);
    return 0;
  }

  #metadata(): void {
    const { cursor } = this;
    cursor.expect(COLON);
    const byte = cursor.next();
    const start = cursor.pos;
    if (byte === 0x6e)
      cursor.skip(IN_HEADER); // null
    else if (byte !== OPEN_BRACE) this.#mistyped("an object of strings, or null", IN_HEADER);
    else {
      cursor.container(IN_ENTRY, () => {
        if (cursor.next() === QUOTE) cursor.string();
        else this.#mistyped("strings as metadata values", IN_ENTRY);
      });
      this.metadata = this.#bytes.subarray(start, cursor.pos);
    }
  }

  // The value at the cursor is JSON, but not what it must be here.
  #mistyped(expected: string, open: number): void {
    const { cursor } = this;
    const start = cursor.pos;
    cursor.skip(open);
    this.#fault(cursor.excerpt(start, cursor.pos), expected);
  }

  #fault(found: string, expected: string): void {
    const nameOf = () => stringText(this.#bytes, this.#nameStart, this.#nameEnd);
    this.#faults.add(HEADER_CODE, nameOf, expected, found);
  }
}
