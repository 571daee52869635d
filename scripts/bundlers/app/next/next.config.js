import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

// The package is installed in the folder above.
const root = dirname(dirname(fileURLToPath(import.meta.url)));

export default { turbopack: { root }, outputFileTracingRoot: root };
