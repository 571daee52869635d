// Reads a URL whole through a cache, and checks it. Run by cached.test.ts.
import { cached } from "pytree2safetensors";
import { pattern } from "../runtimes/support.ts";

const [url = "", folder = ""] = process.argv.slice(2);
const source = await cached(url, folder);
console.log("reading");
const bytes = await source.read(0, source.size);
const expected = pattern(source.size);
process.exitCode = bytes.every((byte, i) => byte === expected[i]) ? 0 : 1;
