import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

/** The page: prose, and commands whose output is put below them. `vitest -u` writes it anew. */
const PAGE: readonly (string | { readonly run: string })[] = [
  `# The command line

\`p2s\` (in full \`pytree2safetensors\`) shows safetensors files and the pytrees in them, and checks, compares and converts
them. It comes with the package and runs without installing anything:

\`\`\`sh
npx pytree2safetensors tree model.safetensors
npm install --global pytree2safetensors   # and then: p2s tree model.safetensors
\`\`\`

A file is a path, an address, the \`model.safetensors.index.json\` of a sharded checkpoint, a folder that holds a checkpoint,
or \`-\` for standard input. Commands read only the bytes that they need: for a checkpoint of 100 GB on a server, \`tree\`
fetches the headers.

- **Standard output** has the answer and nothing else. Warnings, progress and errors go to standard error. \`--json\`
  prints the answer for programs. In it, NaN and infinities are the strings \`"nan"\`, \`"inf"\` and \`"-inf"\`, and integers
  beyond 2^53 are strings.
- **Addresses**: \`https://…\`, \`hf://owner/repo\` (with \`@revision\` and \`/path\` if needed) and \`s3://bucket/key\` are read by every
  command. \`convert\`, \`merge\` and \`split\` write to \`s3:\` addresses and folders. S3 takes its credentials, region and
  endpoint from the environment, as the AWS tools do (\`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\`, \`AWS_REGION\`,
  \`AWS_ENDPOINT_URL_S3\`).
- **Access**: \`--header 'Name: value'\` is sent to \`http(s):\` addresses, and to no others. \`--token\` is for \`hf:\` addresses;
  without it, \`HF_TOKEN\` or the token of \`hf auth login\` is used. Headers, tokens, credentials and the query of a URL are
  never printed, but other users of a machine may see the arguments of a command: prefer \`HF_TOKEN\`.
- **Cache**: with \`--cache\`, what is read of addresses is kept on the disk, in the platform's folder for caches
  (\`$XDG_CACHE_HOME/pytree2safetensors\`), or in another with \`--cache=folder\`. A file that has changed is read anew.
- **Exit codes**: 0 all is well; 1 a difference or a fault was found; 2 wrong use, or something could not be done (a
  missing file, a full disk, no network, names that make no pytree where one is needed).
- **Pipes**: \`-\` is standard input and standard output in every command. A command that writes its file to standard output
  prints its report to standard error. Standard input that is a pipe is kept in a temporary file until the command ends.
- **Patterns** match names. \`*\` stands for any text and \`?\` for one character. A pattern also takes everything below a name
  that it matches: \`layers#1\` takes \`layers#1.weight\` but not \`layers#10.weight\`, and \`*.attn\` takes \`h.0.attn.bias\`. A
  pattern that matches nothing is an error (exit code 2), whatever the option.
- **Key styles**: names like \`layers#0.weight\` are this package's and the Python package's (\`pytree\`), \`layers.0.weight\`
  PyTorch's (\`dotted\`), \`layers/0/weight\` Flax's (\`slash\`), and \`.layers[0].weight\` is what JAX prints (\`keystr\`). Commands
  guess the style; \`--keys\` overrides the guess.
- **Order**: names are in natural order, so layer 2 comes before layer 10.
- **Colours** are used on terminals. \`NO_COLOR\` turns them off.
- **Narrow terminals**: output fits the width of the terminal, or \`COLUMNS\`. Where there is no room, a table leaves out whole
  columns and says which, and then cuts long names in the middle. Columns go in this order: in \`tree\` parameters, kind,
  shape, bytes; in \`stats\` histogram, zeros, count, dtype, percentiles, mean, std; in \`diff\` verdict, differ, dtype, cosine,
  ULP, max rel. Output that is not for a terminal is not cut, except for cells of more than 200 characters; \`ls\` never
  cuts a name.
- **Hostile files**: names and metadata are escaped before they reach the terminal, and no command takes more time or
  memory than in proportion to what it reads.

## tree

Shows the pytree: keys as names spell them (read downwards they make the name), kind or dtype, shape, parameters and
bytes. Containers show the sum of what is below them. Runs of equal layers are folded into one line with the sum of all.`,
  { run: "tree model.safetensors" },
  { run: "tree model.safetensors --depth 1 --sort size" },
  "A training state, with the scalars, the string, `None` and the empty dict that the structure metadata records:",
  { run: "tree state.safetensors" },
  "A file from PyTorch, where digits are the indices of lists:",
  { run: "tree torch.safetensors --only '*.bias' --only wte" },
  "Weights of a few bits that are packed into bytes count one by one, where names tell. In styles without marks, a tensor may\nhave others below its own name; the rest of their names is then one key:",
  { run: "tree nf4.safetensors" },
  "## ls\n\nLists tensors, one a line: bytes, dtype, shape, and last the full name, for `grep`, `sort` and `cut`. With several\nfiles, each line begins with the file.",
  { run: "ls torch.safetensors --only 'h.0' --only wte" },
  "## info\n\nShows the facts of the format: sizes, dtypes, alignment, structure, metadata, shards.",
  { run: "info shards/model.safetensors.index.json" },
  "Weights of a few bits that are packed into integers count as what they are, if names tell (GPTQ, AWQ, bitsandbytes,\ncompressed-tensors, MXFP4). Their scales and tables are not parameters. Tied weights, which `save_model` of the Python\npackage leaves in the metadata, are shown with the tensor that holds their data.",
  { run: "info nf4.safetensors" },
  "## stats\n\nShows what the values are like: a line for each tensor, and a last one for all together. Equal layers are folded into\none line; `--all` shows each. `--sort` orders the lines by a figure, the largest first.",
  { run: "stats torch.safetensors h ln_f" },
  { run: "stats torch.safetensors h.0 --percentiles 5,50,95 --sort std" },
  "One tensor in full. Percentiles are exact, as numpy's `percentile` gives them. Bins begin at multiples of a power of two,\nso that files are counted alike:",
  { run: "stats torch.safetensors wte.weight --bins 16" },
  "NaN and infinities are counted separately; the other figures are of the finite values. Percentiles of a large tensor need\nmore than one reading of it, so beyond 4 million elements they are only computed with `--percentiles`.",
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
  "## show\n\nPrints values as numpy does; `BF16` and 8-bit floats as arrays of `ml_dtypes` do. Of large tensors the corners are shown,\nand only these are read. `--slice` is numpy's. Without a key, `show` prints the only tensor of the file, or lists names.",
  { run: "show model.safetensors embedding.weight" },
  { run: "show torch.safetensors h.0.attn.weight --slice '0:3, ::8'" },
  `## diff

Shows what differs, in structure and in numbers: the greatest absolute and relative difference, the cosine of the two as
vectors, the greatest distance in ULPs (steps from one number of the dtype to the next), and the share of elements that
differ. A tensor with the same bytes under another name has moved. Exits with 1 if there is a difference.`,
  { run: "diff torch.safetensors tuned.safetensors" },
  "With `--tolerance t`, values may differ by `t + t * |b|`, as in numpy's `allclose`. Tensors that were cast are compared in\nvalues; within the tolerance they count as equal:",
  { run: "diff torch.safetensors bf16.safetensors --tolerance 1e-2 --only h.1" },
  "Names of two key styles are paired by their keys, and `--rename` pairs other names:",
  { run: "diff torch.safetensors layers.safetensors --rename 'h=layers' --tolerance 0" },
  `## verify

Checks the format strictly and names all faults at once, as the reference implementation calls them. Data is read to the
last byte. Booleans must be 0 or 1, and with \`--nan\` floats must be finite. Each tensor that an index lists and that is not in
its file is a fault; \`tree\`, \`info\` and \`ls\` list such tensors as missing.`,
  { run: "verify model.safetensors broken/faults.safetensors broken/html.safetensors" },
  { run: "verify --nan diverged.safetensors" },
  `## convert

Writes a file anew: selects and drops tensors, renames them, spells keys in another style, converts dtypes, cuts a file
into shards or joins them. Tensors stream from file to file, so memory is bounded. The output appears whole or not at all.`,
  {
    run: "convert torch.safetensors tree.safetensors --keys dotted:pytree --dtype bf16 --dtype 'ln_f=f32' --dry-run",
  },
  { run: "convert model.safetensors model-f16.safetensors --dtype f16" },
  { run: "convert model.safetensors out/ --shard 100KB" },
  { run: "convert out/model.safetensors.index.json joined.safetensors --metadata source=shards" },
  `\`--dtype bf16\` is for all floats, \`--dtype i32\` for all integers, \`--dtype '*.scale=f32'\` for what the pattern matches.
Floats round to narrower floats. Any other value that does not fit is an error, unless \`--lossy\` is given. When floats that are finite become infinity or NaN,
because the new dtype has less range, a warning for each tensor tells how many, and the largest; with \`--strict\` that is an
error (exit code 2), and nothing is written. Scalars that
the structure metadata records as numbers keep their dtype. An option that changes nothing is mentioned on standard error.

In \`--rename 'from=to'\`, each \`*\` of \`to\` stands for what the one in \`from\` has matched. Without \`*\`, the rule is for the
beginning of names, up to a key. What the structure metadata says (\`None\`, empty containers, scalars, key types) goes along
with the names.`,
  {
    run: "convert torch.safetensors renamed.safetensors --select 'h.*.attn' --rename 'h.*.attn.*=layers.*.attention.*' --dry-run",
  },
  "`--reindex` numbers the items of lists anew where some were left out:",
  { run: "convert torch.safetensors short.safetensors --drop h.1 --reindex --dry-run" },
  `Every tensor is written at a multiple of its element's width, always: \`convert\` repairs files that are not aligned.

**What is read is safe.** A command that would replace or remove a file that it reads refuses before it writes anything,
whatever the name: links, the shards of an index and the parts of \`split\` count. The exception is a file or checkpoint that
is rewritten whole, as in \`convert a.safetensors a.safetensors --dtype bf16\`; with \`--select\` or \`--drop\`, name another
output. **Names mean what they say**: an output called \`out.npz\`, \`out.gguf\` or \`m.json\` is refused, for only safetensors
files are written.`,
  { run: "convert torch.safetensors torch.npz" },
  "## split and merge\n\nWrite subtrees to files of their own, and put them together again. Neither needs names that make a pytree.",
  { run: "split torch.safetensors -o parts" },
  { run: "merge parts/h.safetensors parts/ln_f.safetensors parts/wte.safetensors -o merged.safetensors" },
  { run: "diff torch.safetensors merged.safetensors" },
  "`--strip` takes a subtree's own key off its names; `merge KEY=FILE` puts it below a key again.",
  { run: "split torch.safetensors -o layers --depth 2 --strip --dry-run" },
  "## cache\n\nShows how much `--cache` has kept; `--trim 10GB` removes what was kept first, until the rest is no larger than that.",
  { run: "cache blocks" },
  `## complete

Prints a script that makes a shell complete commands, options, files and the names of tensors.

The script asks the command itself, which offers only names that mean nothing else to a shell: a stranger's file can't
run anything by the names in it.`,
  { run: "complete --help" },
];

const folder = temporaryFolder();
const p2s = commandIn(folder);

beforeAll(async () => {
  await writeModels(folder);
  await p2s(["convert", "torch.safetensors", "bf16.safetensors", "--dtype", "bf16"]);
  await p2s(["convert", "torch.safetensors", "layers.safetensors", "--rename", "h=layers"]);
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
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) [[<]/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== "help");
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
