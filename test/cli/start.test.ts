/** What a command loads before it has anything to say: no more than it needs, for it is called a hundred times a day. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { save } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { builtCommand, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();

describe("the start of the command", () => {
  it("makes no segmenter, and loads no server and no child processes", async () => {
    const p2s = await builtCommand(folder);
    writeFileSync(join(folder, "a.safetensors"), save({ "layers#0.w": 1 }));
    const watch = `
      Intl.Segmenter = class { constructor() { console.error("segmenter"); } };
      process.on("exit", () => console.error(process.moduleLoadList.filter((m) => /Module (http|https|zlib|child_process)$/.test(m)).join()));
    `;
    const node = ["--import", `data:text/javascript,${encodeURIComponent(watch)}`];
    const { code, stdout, stderr } = await p2s(["tree", "a.safetensors"], { node });
    expect({ code, stderr: stderr.trim() }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("#0");
  });

  it("measures wide names all the same", async () => {
    const p2s = await builtCommand(folder);
    writeFileSync(join(folder, "wide.safetensors"), save({ "日本👩‍👩‍👧": 1, b: 2 }));
    const { code, stdout } = await p2s(["tree", "wide.safetensors"], { env: { COLUMNS: "60" } });
    expect(code).toBe(0);
    expect(stdout).toContain("日本");
  });
});
