/** The API reference: TypeDoc's Markdown of every entry point. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";

const root = fileURLToPath(new URL("../../", import.meta.url));

// The browsers' form of each entry has the same names as Node's.
const ENTRIES = [
  ["src/index.ts", "pytree2safetensors", "files, trees, tensors, places", "index/index.md"],
  [
    "src/adapters/jax-js.ts",
    "pytree2safetensors/jax-js",
    "the same for jax-js arrays",
    "adapters/jax-js/index.md",
  ],
  ["src/adapters/tfjs.ts", "pytree2safetensors/tfjs", "the same for TensorFlow.js", "adapters/tfjs/index.md"],
  ["src/training/index.ts", "pytree2safetensors/training", "the checkpoints of a run", "training/index.md"],
  ["src/s3.ts", "pytree2safetensors/s3", "buckets", "s3/index.md"],
] as const;

/** Writes the reference into a folder. */
export async function writeApi(out: string): Promise<void> {
  const markdown: Partial<PluginOptions> = {
    entryFileName: "index",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    expandObjects: false,
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    useHTMLEncodedBrackets: true,
    sanitizeComments: true,
    tableColumnSettings: { hideInherited: true, hideModifiers: true, hideOverrides: true },
  };
  const application = await Application.bootstrapWithPlugins({
    entryPoints: ENTRIES.map(([file]) => join(root, file)).filter((file) => existsSync(file)),
    basePath: join(root, "src"),
    tsconfig: join(root, "tsconfig.json"),
    plugin: ["typedoc-plugin-markdown"],
    out,
    name: "API reference",
    readme: "none",
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    logLevel: "Warn",
    ...markdown,
  });
  const project = await application.convert();
  if (project === undefined) throw new Error("TypeDoc can't read the entry points");
  await application.generateOutputs(project);
  for (const file of readdirSync(out, { recursive: true, encoding: "utf8" }))
    if (file.endsWith(".md")) {
      const page = file.replaceAll("\\", "/");
      writeFileSync(join(out, page), inPlainWords(readFileSync(join(out, page), "utf8"), page));
    }
  writeFileSync(join(out, "index.md"), overview(out));
}

const DTYPE_PAGE = "index/type-aliases/Dtype.md";
// Every dtype, in the order of the table: what TypeDoc makes of `Dtype` where it is a default.
const ALL_DTYPES = /(?:\\?\| )?`"BOOL"`(?: \\?\| `"\w+"`)*? \\?\| `"U64"`/g;

/** A page under the name that programs import, with `Dtype` in place of all dtypes. */
function inPlainWords(text: string, page: string): string {
  const entry = ENTRIES.find(([, , , index]) => index === page);
  const titled = entry ? text.replace(/^# .*/, `# ${entry[1]}`) : text;
  if (page === DTYPE_PAGE) return titled;
  const link = relative(dirname(page), DTYPE_PAGE).replaceAll("\\", "/");
  return titled.replace(ALL_DTYPES, () => `[\`Dtype\`](${link.startsWith(".") ? link : `./${link}`})`);
}

/** The first page: what each entry point is imported as. */
function overview(out: string): string {
  const entries = ENTRIES.map(([, name, about, page]) => [name, about, page] as const).filter(([, , page]) =>
    existsSync(join(out, page)),
  );
  const rows = entries.map(([name, about, page]) => `| [\`${name}\`](./${page}) | ${about} |`);
  return ["# API reference", "", "| import from | |", "| --- | --- |", ...rows, ""].join("\n");
}
