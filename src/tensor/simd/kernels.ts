/** F16 and BF16 to and from F32, eight elements at a time. */
import {
  add,
  addFloats,
  and,
  assemble,
  type Code,
  differs,
  get,
  join,
  type KernelCode,
  lessThan,
  load,
  loadCodes,
  loop,
  max,
  min,
  multiplyFloats,
  narrow,
  or,
  select,
  set,
  shiftLeft,
  shiftRight,
  splat,
  store,
  subtract,
  toFloats,
} from "./assembler.ts";

// The variables: three pointers, and the vectors of a round.
const FROM = 0;
const TO = 1;
const END = 2;
const LOW = 3;
const HIGH = 4;

// Numbers of float32 by their bits.
const INFINITY_BITS = 0x7f800000;
const ONE_HALF = 0x3f000000;
const TWO_TO_MINUS_24 = 0x33800000;
// What the exponents of F16 and F32 differ by.
const REBIAS = 112 << 23;

// NaN alone is not equal to itself.
const unordered = (vector: number): Code => differs(get(vector), get(vector));
const sign = (vector: number): Code => and(shiftRight(get(vector), 16), splat(0x8000));
const isOdd = (value: Code): Code => and(value, splat(1));

// All that is cut off and the lowest bit that is kept decide, as half of what is cut off less one is added to it.
function toBF16(vector: number): Code {
  const value = get(vector);
  const rounded = add(add(value, splat(0x7fff)), isOdd(shiftRight(value, 16)));
  return select(or(sign(vector), splat(0x7fc0)), shiftRight(rounded, 16), unordered(vector));
}

function toF16(vector: number): Code {
  const magnitude = and(get(vector), splat(0x7fffffff));
  const rounded = add(add(magnitude, splat(0xfff - REBIAS)), isOdd(shiftRight(magnitude, 13)));
  const normal = min(shiftRight(rounded, 13), splat(0x7c00));
  // A NaN keeps the upper bits of its mantissa, at least one.
  const nan = add(splat(0x7c00), max(shiftRight(and(get(vector), splat(0x7fffff)), 13), splat(1)));
  // The float32 next to 1/2 are a step of F16's smallest numbers apart: adding rounds to them.
  const small = subtract(addFloats(magnitude, splat(ONE_HALF)), splat(ONE_HALF));
  const isSmall = lessThan(magnitude, splat(REBIAS + (1 << 23)));
  return or(sign(vector), select(small, select(nan, normal, unordered(vector)), isSmall));
}

function fromF16(vector: number): Code {
  const magnitude = and(get(vector), splat(0x7fff));
  const moved = add(shiftLeft(magnitude, 13), splat(REBIAS));
  // Infinity and NaN, whose exponent is the largest here too.
  const special = or(moved, splat(INFINITY_BITS));
  const small = multiplyFloats(toFloats(magnitude), splat(TWO_TO_MINUS_24));
  const finite = select(small, moved, lessThan(magnitude, splat(0x400)));
  return or(
    shiftLeft(and(get(vector), splat(0x8000)), 16),
    select(finite, special, lessThan(magnitude, splat(0x7c00))),
  );
}

const fromBF16 = (vector: number): Code => shiftLeft(get(vector), 16);

function encoder(name: string, encode: (vector: number) => Code): KernelCode {
  const body = join(
    set(LOW, load(FROM, 0)),
    set(HIGH, load(FROM, 16)),
    store(TO, 0, narrow(encode(LOW), encode(HIGH))),
  );
  return { name, vectors: 2, body: loop(body, FROM, 32, TO, 16, END) };
}

function decoder(name: string, decode: (vector: number) => Code): KernelCode {
  const body = join(
    set(LOW, loadCodes(FROM, 0)),
    set(HIGH, loadCodes(FROM, 8)),
    store(TO, 0, decode(LOW)),
    store(TO, 16, decode(HIGH)),
  );
  return { name, vectors: 2, body: loop(body, FROM, 16, TO, 32, END) };
}

/** The module, with so much memory. */
export function assembleKernels(memoryBytes: number): Uint8Array<ArrayBuffer> {
  return assemble(
    [
      encoder("encodeBF16", toBF16),
      encoder("encodeF16", toF16),
      decoder("decodeBF16", fromBF16),
      decoder("decodeF16", fromF16),
    ],
    memoryBytes,
  );
}
