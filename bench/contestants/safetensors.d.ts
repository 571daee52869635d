/** What is used of the package `safetensors`, which has no types of its own and is CommonJS. */
declare module "safetensors" {
  class SafeTensor {
    constructor(bytes: Uint8Array);
    readonly metadata: ReadonlyMap<string, unknown>;
    getTensor(name: string): Uint8Array;
  }
  const exports: { readonly SafeTensor: typeof SafeTensor };
  export default exports;
}
