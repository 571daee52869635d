import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const path = join(import.meta.dirname, "../../docs/cli.md");

/** What the page has between blocks that begin with a command, and the commands. */
const [PROSE, COMMANDS] = (() => {
  const parts = readFileSync(path, "utf8").split(/^```\n\$ p2s (.*)\n[\s\S]*?^```$/m);
  return [parts.filter((_, i) => i % 2 === 0), parts.filter((_, i) => i % 2 === 1)] as const;
})();

const folder = temporaryFolder();
const p2s = commandIn(folder);

beforeAll(async () => {
  await writeModels(folder);
  await p2s(["convert", "torch.safetensors", "bf16.safetensors", "--dtype", "bf16"]);
  await p2s(["convert", "torch.safetensors", "layers.safetensors", "--rename", "h=layers"]);
});

describe("docs/cli.md", () => {
  // `vitest -u` writes the outputs anew; the prose is the page's own.
  it("shows what the commands print", async () => {
    let page = PROSE[0]!;
    for (const [i, command] of COMMANDS.entries()) page += (await example(command)) + PROSE[i + 1];
    await expect(page).toMatchFileSnapshot(path);
  });

  it("has every command", async () => {
    const { stdout } = await p2s(["--help"]);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) [[<]/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== "help");
    const shown = new Set(COMMANDS.map((command) => command.split(" ")[0]!));
    // What opens a browser has no output to show; the page tells of it in prose.
    expect([...shown, "view"].sort()).toEqual(commands.sort());
  });
});

async function example(line: string): Promise<string> {
  const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const { stdout, stderr } = await p2s(args, { columns: 100 });
  return `\`\`\`\n$ p2s ${line}\n${stderr}${stdout}\`\`\``;
}
