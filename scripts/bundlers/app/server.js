import { files } from "./files.js";
import { job } from "./job.js";

console.log(await job());
console.log(await files());
