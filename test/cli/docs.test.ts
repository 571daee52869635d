import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

/** The page: prose, and commands whose output is put below them. `vitest -u` writes it anew. */
const PAGE: readonly (string | { readonly run: string })[] = [
  `# The command line

\`p2s\` (in full \`pytree2safetensors\`) looks at safetensors files and the pytrees in them, checks, compares and converts
them. It comes with the package and runs without installing anything:

\`\`\`sh
npx pytree2safetensors tree model.safetensors
npm install --global pytree2safetensors   # and then: p2s tree model.safetensors
\`\`\`

A file is a path, an \`http(s):\` URL, or the \`model.safetensors.index.json\` of a sharded checkpoint. Only the bytes that a
command needs are read: of a checkpoint of 100 GB on a server, \`tree\` fetches the headers.

- **Standard output** has the answer and nothing else; warnings, progress and errors go to standard error. \`--json\`
  prints the answer for programs; there NaN and infinities are the strings \`"nan"\`, \`"inf"\`, \`"-inf"\`, and integers
  beyond 2^53 are strings.
- **Exit codes**: 0 all well; 1 a difference or a fault was found; 2 wrong use, or something that could not be done (a
  missing file, a full disk, no network).
- **Patterns** match names: \`*\` stands for any text, \`?\` for one character. What lies below a name that matches is taken
  too: \`layers#1\` takes \`layers#1.weight\` and not \`layers#10.weight\`; \`*.attn\` takes \`h.0.attn.bias\`.
- **Key styles**: names like \`layers#0.weight\` are this package's and the Python package's (\`pytree\`), \`layers.0.weight\`
  PyTorch's (\`dotted\`), \`layers/0/weight\` Flax's (\`slash\`), \`.layers[0].weight\` what JAX prints (\`keystr\`). Commands guess
  the style; \`--keys\` tells.
- **Colours** are used on terminals; \`NO_COLOR\` turns them off. Output fits the terminal, or \`COLUMNS\`.

## tree

The pytree: keys as names spell them (read downwards they make the name), kind or dtype, shape, parameters, bytes.
Containers have the sum of what is below them. Runs of equal layers are folded into one, with the sum of all.`,
  { run: "tree model.safetensors" },
  { run: "tree model.safetensors --depth 1 --sort size" },
  "A training state, with scalars, a string, `None` and an empty dict, which the structure metadata keep:",
  { run: "tree state.safetensors" },
  "A file from PyTorch, where digits are the indices of lists:",
  { run: "tree torch.safetensors --only '*.bias' --only wte" },
  "## info\n\nThe facts of the format: sizes, dtypes, alignment, structure, metadata, shards.",
  { run: "info shards/model.safetensors.index.json" },
  "## stats\n\nWhat the values are like. A line for each tensor, the last one for all together:",
  { run: "stats torch.safetensors h.0 ln_f" },
  "One tensor in full. Bins begin at multiples of a power of two, so that files are counted alike:",
  { run: "stats torch.safetensors wte.weight --bins 16" },
  "NaN and infinities are counted apart; the other figures are of the finite values.",
  { run: "stats diverged.safetensors" },
  "With `--plot out.svg`, the histograms are written as a picture too.",
  `## view

Opens the page that shows checkpoints in a browser: trees, values, histograms, heat maps, comparisons, and the steps of a
training run. [The page of the guide](viewer.md) tells what it can do.

\`\`\`sh
p2s view model.safetensors                       # look into a file
p2s view before.safetensors after.safetensors    # see what changed
p2s view --no-open model.safetensors             # print the address, for ssh -L
\`\`\`

The page and the files are served from this machine alone, on a loopback port, under an address that nobody can guess.
Ctrl-C ends it.

## report

Writes one HTML page with the tree, and the statistics and a histogram of each tensor. It has no code and fetches
nothing, so it can be sent to anybody.`,
  { run: "report model.safetensors -o report.html" },
  "## show\n\nValues as numpy prints them; of large tensors the corners, and only these are read. `--slice` is numpy's.",
  { run: "show model.safetensors embedding.weight" },
  { run: "show torch.safetensors h.0.attn.weight --slice '0:3, ::8'" },
  `## diff

What differs, in structure and in numbers: the greatest absolute and relative difference, the cosine of the two as
vectors, the greatest distance in ULPs (steps from one number of the dtype to the next), the share of elements that
differ. A tensor with the same bytes under another name has moved. Exits with 1 if there is a difference.`,
  { run: "diff torch.safetensors tuned.safetensors" },
  "With `--tolerance t`, values may differ by `t + t * |b|`, as in numpy's `allclose`:",
  { run: "diff torch.safetensors tuned.safetensors --only h.1.attn.weight --tolerance 1e-3 --no-metadata" },
  `## verify

The strict check of the format: all faults at once, under the reference implementation's names. Data are read to the
last byte; booleans must be 0 or 1, and with \`--nan\` floats must be finite.`,
  { run: "verify model.safetensors broken/faults.safetensors broken/html.safetensors" },
  { run: "verify --nan diverged.safetensors" },
  `## convert

Writes a file anew: select and drop tensors, rename them, spell keys in another style, convert dtypes, cut into shards or
join them. Tensors stream from file to file, so memory is bounded; the output appears whole or not at all.`,
  {
    run: "convert torch.safetensors tree.safetensors --keys dotted:pytree --dtype bf16 --dtype 'ln_f=f32' --dry-run",
  },
  { run: "convert model.safetensors model-f16.safetensors --dtype f16" },
  { run: "convert model.safetensors out/ --shard 100KB" },
  { run: "convert out/model.safetensors.index.json joined.safetensors --metadata source=shards" },
  `\`--dtype bf16\` is for all floats, \`--dtype i32\` for all integers, \`--dtype '*.scale=f32'\` for what the pattern matches.
Floats round to narrower floats; any other value that does not fit is an error, unless \`--lossy\` is given. Scalars that
the structure metadata know as numbers stay as they are. In \`--rename 'from=to'\` each \`*\` of \`to\` stands for what the one in
\`from\` has matched; without \`*\` the rule is for the beginning of names, up to a key.`,
  {
    run: "convert torch.safetensors renamed.safetensors --select 'h.*.attn' --rename 'h.*.attn.*=layers.*.attention.*' --dry-run",
  },
  "## split and merge\n\nSubtrees to files of their own, and back.",
  { run: "split torch.safetensors -o parts" },
  { run: "merge parts/h.safetensors parts/ln_f.safetensors parts/wte.safetensors -o merged.safetensors" },
  { run: "diff torch.safetensors merged.safetensors" },
  "`--strip` takes a subtree's own key off its names; `merge KEY=FILE` puts it below a key again.",
  { run: "split torch.safetensors -o layers --depth 2 --strip --dry-run" },
];

const folder = temporaryFolder();
const p2s = commandIn(folder);

beforeAll(async () => {
  await writeModels(folder);
});

describe("docs/cli.md", () => {
  it("shows what the commands print", async () => {
    const parts: string[] = [];
    for (const part of PAGE) parts.push(typeof part === "string" ? part : await example(part.run));
    const page = `${parts.join("\n\n")}\n`;
    await expect(page).toMatchFileSnapshot(join(import.meta.dirname, "../../docs/cli.md"));
  });

  it("has every command", async () => {
    const { stdout } = await p2s(["--help"]);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name]) => name!);
    const shown = new Set(
      PAGE.flatMap((part) => (typeof part === "string" ? [] : [part.run.split(" ")[0]!])),
    );
    // What opens a browser has no output to show; the page tells of it in prose.
    expect([...shown, "view"].sort()).toEqual(commands.sort());
  });
});

async function example(line: string): Promise<string> {
  const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const { stdout, stderr } = await p2s(args, { columns: 100 });
  return `\`\`\`\n$ p2s ${line}\n${stderr}${stdout}\`\`\``;
}
