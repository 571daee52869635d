// Prints the figures of the page: `npm run bench:viewer [-- --json PART…]`, all parts by default.
import { parseArgs } from "node:util";
import { measureViewer, PARTS, type Part } from "./figures.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !PARTS.includes(name as Part));
if (unknown.length > 0)
  throw new Error(`there is no part ${unknown.join(", ")}; there are ${PARTS.join(", ")}`);
const figures = await measureViewer(positionals.length > 0 ? (positionals as Part[]) : PARTS);
if (values.json) console.log(JSON.stringify(figures));
else
  for (const { what, got, reach, ok } of figures) console.log(`${what}: ${got}; ${reach}${ok ? "" : " ✗"}`);
