/*
 * Uses the library until its hot methods have been compiled, then collects garbage; again and again. Run by
 * shapes.test.ts with V8's trace of compiled code that is thrown away.
 */
import { dict2pytree, load, pytree2dict, save, Tensor } from "../../src/index.node.ts";

/** A class of which nobody keeps an instance: what V8 does to it shows that the trace works. */
class Control {
  readonly #values: number[];

  constructor(values: number[]) {
    this.#values = values;
  }

  controlSum(): number {
    let sum = 0;
    for (let i = 0; i < this.#values.length; i++) sum += this.#values[i]!;
    return sum;
  }
}

const layers = Array.from({ length: 100 }, (_, i) => ({ w: Tensor.from(i), b: [Tensor.from(i), null] }));
const bytes = save(pytree2dict({ layers }) as Record<string, Tensor>);
const values = Array.from({ length: 1_000 }, (_, i) => i);
let total = 0;

for (let round = 0; round < 3; round++) {
  for (const end = Date.now() + 400; Date.now() < end; ) {
    save(pytree2dict(dict2pytree(load(bytes))) as Record<string, Tensor>);
    total += new Control(values).controlSum();
  }
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    globalThis.gc!();
  }
}
console.log("total", total);
