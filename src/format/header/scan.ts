// Reads the JSON of a header into rows of numbers, and finds everything in it that has the wrong form.
import { quote } from "../../base/quote.ts";
import { DTYPE_NAMES } from "../../tensor/dtypes.ts";
import { CanonicalReader } from "./canonical.ts";
import { FaultList } from "./faults.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  HEADER_CODE,
  JsonCursor,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "./json.ts";
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

const FIELDS = ["dtype", "shape", "data_offsets"] as const;
const ALL_FIELDS = 0b111;

// With a name of some twenty letters.
const TYPICAL_ENTRY_BYTES = 80;

// Containers that are open around an entry and around its fields, the header itself being one.
const IN_HEADER = 1;
const IN_ENTRY = 2;
const IN_FIELD = 3;

/** A header's JSON, read and found to be of the right form; offsets are not yet checked against each other. */
export interface Scan {
  readonly cursor: JsonCursor;
  readonly names: KeyList;
  readonly rows: Rows;
  /** Whether a tensor's offsets may not fit its shape and dtype, or numbers were too large to tell. */
  readonly suspect: boolean;
  /** Whether a number was too large for a double to be sure to hold it; then `suspect` is true too. */
  readonly huge: boolean;
  /** Where the metadata object starts and ends; both 0 without one. */
  readonly metadataAt: number;
  readonly metadataEnd: number;
}

/**
 * Reads the JSON of a header.
 *
 * @throws InvalidHeaderDeserialization: for bad JSON at once, else with everything of the wrong form in `faults`.
 */
export function scanHeader(header: Uint8Array): Scan {
  const rows = allocateRows(header.length);
  const sorted = new SortedKeys(header, Math.max(8, Math.floor(header.length / TYPICAL_ENTRY_BYTES)));
  try {
    const scan = new HeaderScanner(new JsonCursor(header), sorted, rows).scan();
    if (sorted.areUnique()) return scan;
  } catch {
    // Names in another order, or a fault: read again, with a set that finds each name that is there twice. In the same
    // memory, because headers are made to cost much of it.
  }
  return new HeaderScanner(new JsonCursor(header), new KeySet(header, sorted), rows).scan();
}

/** Reads the JSON of a header. */
export class HeaderScanner {
  readonly #cursor: JsonCursor;
  readonly #bytes: Uint8Array;
  readonly #names: KeyList;
  readonly #rows: Rows;
  readonly #faults = new FaultList();
  #suspect = false;
  #metadataAt = 0;
  #metadataEnd = 0;
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
  constructor(cursor: JsonCursor, names: KeyList, rows: Rows) {
    const header = cursor.bytes;
    this.#bytes = header;
    this.#cursor = cursor;
    this.#names = names;
    this.#rows = rows;
    this.#canonical = new CanonicalReader(header, this.#rows);
    cursor.onDuplicate = (key) => this.#fault(`the key ${quote(key)} twice in one object`, "unique keys");
  }

  /** Reads it, once. Throws as {@link scanHeader} does. */
  scan(): Scan {
    const cursor = this.#cursor;
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
        const row = this.#names.count;
        this.#row = row * WIDTH;
        if (cursor.isIn(this.#names)) this.#fault("the name twice", "unique names");
        const after = canonical.read(cursor.pos, row);
        if (after > 0) cursor.pos = after;
        else this.#entry();
      } while (cursor.more(CLOSE_BRACE));
    }
    if (cursor.next() !== -1) cursor.fail("nothing after the header's closing brace");
    this.#faults.throwIfAny();
    return {
      cursor,
      names: this.#names,
      rows: this.#rows,
      suspect: this.#suspect || cursor.huge,
      huge: cursor.huge,
      metadataAt: this.#metadataAt,
      metadataEnd: this.#metadataEnd,
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
    if (!cursor.skipIf(CLOSE_BRACE)) {
      do {
        cursor.string();
        const field = FIELDS.findIndex((name) => cursor.is(name));
        if (field < 0) {
          unknown ??= cursor.keySet(IN_ENTRY);
          if (cursor.isIn(unknown)) cursor.onDuplicate(cursor.text());
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
    const code = DTYPE_NAMES.findIndex((name) => cursor.is(name));
    if (code < 0) {
      this.#fault(`the unknown dtype ${quote(cursor.text())}`, `one of ${DTYPE_NAMES.join(", ")}`);
    }
    this.#rows[this.#row + DTYPE] = code;
  }

  #shape(): void {
    const cursor = this.#cursor;
    if (this.#bytes[cursor.pos] !== OPEN_BRACKET) {
      this.#mistyped("an array of sizes as shape", IN_ENTRY);
      return;
    }
    this.#rows[this.#row + SHAPE_AT] = cursor.pos++;
    if (cursor.skipIf(CLOSE_BRACKET)) return;
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
    if (!cursor.skipIf(CLOSE_BRACKET)) {
      do {
        const offset = this.#size();
        if (count === 0) this.#rows[this.#row + BEGIN] = offset;
        if (count === 1) this.#rows[this.#row + END] = offset;
        count++;
      } while (cursor.more(CLOSE_BRACKET));
    }
    this.#rows[this.#row + OFFSETS_AT] = start;
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
    const [rows, row] = [this.#rows, this.#row];
    const bits = this.#elements * DTYPE_BITS[rows[row + DTYPE]!]!;
    if (bits !== (rows[row + END]! - rows[row + BEGIN]!) * 8) this.#suspect = true;
  }

  #metadata(): void {
    const cursor = this.#cursor;
    cursor.expect(COLON);
    const byte = cursor.next();
    if (byte === 0x6e)
      cursor.skip(IN_HEADER); // null
    else if (byte !== OPEN_BRACE) this.#mistyped("an object of strings, or null", IN_HEADER);
    else {
      this.#metadataAt = cursor.pos++;
      const keys = cursor.keySet(IN_ENTRY);
      if (!cursor.skipIf(CLOSE_BRACE)) {
        do {
          cursor.string();
          if (cursor.isIn(keys)) cursor.onDuplicate(cursor.text());
          cursor.expect(COLON);
          if (cursor.next() === QUOTE) cursor.string();
          else this.#mistyped("strings as metadata values", IN_ENTRY);
        } while (cursor.more(CLOSE_BRACE));
      }
      this.#metadataEnd = cursor.pos;
    }
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
