/** Teaches conversions WebAssembly's vectors, when it is imported. Browsers' policies may forbid them, and their bytes would count. */
import { setFastFloats } from "./float-codes.ts";
import { decodeFast, encodeFast } from "./simd/float-kernels.ts";

setFastFloats({ decode: decodeFast, encode: encodeFast });
