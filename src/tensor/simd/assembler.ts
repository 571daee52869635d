/** Puts WebAssembly together from nested calls, so that a kernel is read as it is written and no binary is kept. */

/** Instructions, as bytes. Those that compute leave one value on the stack. */
export type Code = readonly number[];

/** A function `(from, to, end) => void` over the module's memory; its variables beyond those three are vectors. */
export interface KernelCode {
  readonly name: string;
  /** How many vectors it keeps. */
  readonly vectors: number;
  readonly body: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;
const PAGE_BYTES = 2 ** 16;
const SIMD = 0xfd;
const I32_CONST = 0x41;

const vector =
  (opcode: number) =>
  (...operands: readonly Code[]): Code =>
    join(...operands, [SIMD], unsigned(opcode));

// Opcodes of https://webassembly.github.io/spec/core/binary/instructions.html#vector-instructions, lanes of 32 bits.
export const and = vector(0x4e);
export const or = vector(0x50);
/** The bits of the first where those of the third are set, otherwise those of the second. */
export const select = vector(0x52);
export const lessThan = vector(0x39);
export const differs = vector(0x42);
/** Two vectors of four as one of eight, each in 16 bits. */
export const narrow = vector(0x86);
export const add = vector(0xae);
export const subtract = vector(0xb1);
export const min = vector(0xb7);
export const max = vector(0xb9);
export const addFloats = vector(0xe4);
export const multiplyFloats = vector(0xe6);
export const toFloats = vector(0xfa);

/** Shifts each lane to the left. */
export const shiftLeft = (value: Code, bits: number): Code => vector(0xab)(value, constant(bits));
/** Shifts each lane to the right, zeros coming in. */
export const shiftRight = (value: Code, bits: number): Code => vector(0xad)(value, constant(bits));

/** The same 32 bits in each of the four lanes. */
export function splat(bits: number): Code {
  const bytes = [bits, bits >>> 8, bits >>> 16, bits >>> 24].map((byte) => byte & 0xff);
  return join([SIMD, 0x0c], bytes, bytes, bytes, bytes);
}

/** The value of a variable. */
export const get = (variable: number): Code => [0x20, ...unsigned(variable)];
/** Keeps a value in a variable. */
export const set = (variable: number, value: Code): Code => join(value, [0x21], unsigned(variable));

/** Sixteen bytes from where the variable points, and so many bytes behind. */
export const load = (pointer: number, offset: number): Code => vectorMemory(0x00, get(pointer), offset);
/** Four numbers of 16 bits, widened to 32. */
export const loadCodes = (pointer: number, offset: number): Code => vectorMemory(0x04, get(pointer), offset);
/** Puts sixteen bytes where the variable points, and so many bytes behind. */
export const store = (pointer: number, offset: number, value: Code): Code =>
  vectorMemory(0x0b, join(get(pointer), value), offset);

function vectorMemory(opcode: number, operands: Code, offset: number): Code {
  // Nothing is said of the alignment, 2^0.
  return join(operands, [SIMD, opcode, 0], unsigned(offset));
}

/** Runs a body again and again, both pointers a step further each time, until the second is at the end. */
export function loop(
  body: Code,
  from: number,
  fromStep: number,
  to: number,
  toStep: number,
  end: number,
): Code {
  const step = (pointer: number, by: number) => join(get(pointer), constant(by), [0x6a, 0x21, pointer]);
  const isBelow = join(get(to), get(end), [0x49]);
  return join([0x03, 0x40], body, step(from, fromStep), step(to, toStep), isBelow, [0x0d, 0, 0x0b]);
}

/** A module of these functions and its memory, all of them exported by name. */
export function assemble(kernels: readonly KernelCode[], memoryBytes: number): Uint8Array<ArrayBuffer> {
  const type = [0x60, ...list([[I32], [I32], [I32]]), ...list([])];
  const exports = [
    [...text("memory"), 0x02, 0],
    ...kernels.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
  ];
  const codes = kernels.map(({ vectors, body }) =>
    sized(join(list([[...unsigned(vectors), V128]]), body, [0x0b])),
  );
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type]),
    ...section(
      3,
      kernels.map(() => [0]),
    ),
    ...section(5, [[0, ...unsigned(Math.ceil(memoryBytes / PAGE_BYTES))]]),
    ...section(7, exports),
    ...section(10, codes),
  ]);
}

const constant = (value: number): Code => [I32_CONST, ...unsigned(value)];
const section = (id: number, items: readonly Code[]): Code => [id, ...sized(list(items))];
const list = (items: readonly Code[]): Code => join(unsigned(items.length), ...items);
const sized = (bytes: Code): Code => join(unsigned(bytes.length), bytes);
/** Instructions one after the other. */
export const join = (...parts: readonly Code[]): Code => ([] as number[]).concat(...parts);
const text = (name: string): Code => sized([...name].map((character) => character.charCodeAt(0)));

/** LEB128: seven bits to a byte, the lowest first. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}
