// What single features cost a job: its size less its size without their files. For docs/decisions.md.
import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

/** The files of a feature, or of a folder of them, that nothing else is in. */
export const FEATURES: Readonly<Record<string, readonly string[]>> = {
  "naming foreign files": ["format/foreign"],
  "exact reports of offsets": ["format/header/check"],
  "checks of options": ["base/arguments"],
  "batches of names, shared shapes": ["format/header/names", "format/header/shapes"],
  "safe spelling in messages": ["base/quote"],
  "console.log of tensors": ["tensor/inspect"],
  "hf://": ["io/stores/hub/"],
  "sharded checkpoints": ["checkpoint/open-shards", "format/shards"],
  "refusals of servers, bounded bodies": [
    "io/sources/refusal",
    "io/sources/body",
    "checkpoint/body-bound",
    "format/header/file-length",
  ],
  "browsers' storage": ["io/stores/opfs", "io/stores/listing", "io/sources/opfs", "io/sources/sync-handle"],
  select: ["checkpoint/select"],
  "overflows of casts": ["tensor/overflow"],
  "memory of the caller's": ["checkpoint/target"],
  "addresses of services": ["io/schemes"],
  "lazy leaves, slices, streams": [
    "checkpoint/file",
    "checkpoint/lazy",
    "checkpoint/read-slice",
    "format/slice",
    "format/slice-parse",
  ],
  "structure metadata": ["tree/structure/"],
  "classes, opaque nodes": [
    "tree/kinds/registered",
    "tree/kinds/registry",
    "tree/kinds/opaque",
    "tree/kinds/unseen",
  ],
  "key styles": ["tree/keys/keystyles", "tree/keys/keystr-parse", "tree/keys/separated", "tree/keys/guess"],
};

/** Leaves out features: what their files export is `undefined`. The bundle is for weighing, not for running. */
export function without(features: readonly string[]): Plugin {
  const files = features.flatMap((feature) => FEATURES[feature]!);
  return {
    name: "without features",
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const file = path.replace(/.*\/src\/(.*)\.ts$/, "$1");
        if (!files.some((left) => file === left || (left.endsWith("/") && file.startsWith(left)))) return;
        const exported = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm;
        const names = [...readFileSync(path, "utf8").matchAll(exported)].map(([, name]) => name);
        return { contents: names.map((name) => `export const ${name} = undefined;`).join("\n") };
      });
    },
  };
}
