/** Teaches conversions WebAssembly's vectors, when it is imported. Browsers' policies may forbid them, and their bytes would count. */
import { setFastFloats } from "./float-codes.ts";
import { convertFast } from "./simd/float-kernels.ts";

setFastFloats(convertFast);
