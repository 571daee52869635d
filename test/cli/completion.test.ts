import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { save } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);

/** What a shell would offer for the last of the words. */
async function offered(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await p2s(["complete", "--", ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t")[0]!)
    .filter((line) => !line.startsWith(":"));
}

beforeAll(async () => {
  await writeModels(folder);
  mkdirSync("models");
  writeFileSync("models/a.safetensors", save({}));
  writeFileSync("models/notes.txt", "");
});

describe("p2s complete --", () => {
  it.each([
    [["st"], ["stats"]],
    [["tree", "--so"], ["--sort"]],
    [["tree", "torch.safetensors", "--sort", ""], ["size"]],
    [["stats", "tor"], ["torch.safetensors"]],
    [["info", "models/"], ["models/a.safetensors"]],
    [
      ["stats", "torch.safetensors", ""],
      ["h", "ln_f", "wte"],
    ],
    [
      ["stats", "torch.safetensors", "h.1"],
      ["h.1.attn", "h.1.mlp"],
    ],
    [
      ["stats", "torch.safetensors", "h.1."],
      ["h.1.attn", "h.1.mlp"],
    ],
    // A shell puts a space after a single candidate, and "head" is no name.
    [
      ["show", "model.safetensors", "hea"],
      ["head.bias", "head.weight"],
    ],
    [
      ["show", "torch.safetensors", "h"],
      ["h.0", "h.1", "h.2"],
    ],
    [["show", "hf://owner/repository", "h"], []],
    [
      ["show", "model.safetensors", "layers#3.mlp.u"],
      ["layers#3.mlp.up.bias", "layers#3.mlp.up.weight"],
    ],
    [
      ["show", "model.safetensors", "head."],
      ["head.bias", "head.weight"],
    ],
    [["convert", "torch.safetensors", "x", "--drop", "w"], ["wte"]],
    [["stats", "nowhere.safetensors", "h"], []],
    [["frob", ""], []],
  ])("offers for %j %j", async (words, list) => expect(await offered(...words)).toEqual(list));

  it("never offers what a shell would run or expand", async () => {
    const names = [
      "$(touch pwned)",
      "`touch pwned`",
      "a b",
      "a;b",
      "a'b",
      '"x"',
      "x>y",
      "~",
      "*",
      "#c",
      "a\nb",
      "{1,2}",
      "-rf",
    ];
    writeFileSync("evil.safetensors", save(Object.fromEntries(names.map((name) => [`${name}`, 1]))));
    writeFileSync("$(touch pwned).safetensors", save({}));
    expect(await offered("show", "evil.safetensors", "")).toEqual([]);
    expect(await offered("tree", "$")).toEqual([]);
  });
});

describe("p2s complete SHELL", () => {
  it.each(["bash", "zsh", "fish", "powershell"])("prints a script for %s", async (shell) => {
    const { code, stdout } = await p2s(["complete", shell]);
    expect(code).toBe(0);
    expect(stdout).toContain("p2s complete");
  });

  it("refuses others", async () => {
    expect(await p2s(["complete"])).toMatchObject({ code: 2 });
    expect(await p2s(["complete", "tcsh"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("fish"),
    });
  });

  it("prints what bash takes, and completes in it", async () => {
    const { stdout } = await p2s(["complete", "bash"]);
    const answer = (await p2s(["complete", "--", "stats", "torch.safetensors", "h.1."])).stdout;
    const script = `
      _get_comp_words_by_ref() { cur=h.1.; words=(p2s stats torch.safetensors h.1.); cword=3; }
      compopt() { :; }
      p2s() { cat answer; }
      ${stdout}
      __p2s_complete
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    writeFileSync("answer", answer);
    const { stdout: reply, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
    expect({ reply, stderr }).toEqual({ reply: "h.1.attn\nh.1.mlp\n", stderr: "" });
  });
});
