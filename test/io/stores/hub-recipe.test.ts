import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openSafetensors, type SafetensorsFile } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { type HubDouble, startHub } from "./hub-double.ts";

const root = join(import.meta.dirname, "../../..");

function run(hub: HubDouble, program: string, ...args: string[]): Promise<number | null> {
  const child = spawn("node", ["--import", "tsx", join(root, "examples/hub", program), "o/r", ...args], {
    cwd: root,
    env: { ...process.env, HF_ENDPOINT: hub.endpoint, HF_TOKEN: "hf_test" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve) => child.once("close", resolve));
}

async function valuesOf(file: SafetensorsFile, name: string): Promise<Set<unknown>> {
  const { data } = await file.tensor(name);
  return new Set<unknown>(data as Iterable<unknown>);
}

describe("the recipe for the hub (against a double of the hub)", () => {
  it.each(["upload.ts", "edit.ts"])("is what is run here: %s", (program) => {
    const page = readFileSync(join(root, "docs/recipes/hub.md"), "utf8");
    expect(page).toContain(`\`\`\`ts\n${readFileSync(join(root, "examples/hub", program), "utf8")}\`\`\`\n`);
  });

  it("uploads a tree by the hub's client, and changes one tensor of it", async () => {
    const hub = await startHub({});
    expect(await run(hub, "upload.ts")).toBe(0);
    const before = hub.files.get("model.safetensors")!;
    expect(await run(hub, "edit.ts", "@layers#0@w")).toBe(0);
    const after = hub.files.get("model.safetensors")!;
    expect(after.byteLength).toBe(before.byteLength);
    await using file = await openSafetensors("hf://o/r/model.safetensors", {
      hub: { endpoint: hub.endpoint, token: "hf_test" },
    });
    expect(await valuesOf(file, "@layers#0@w")).toEqual(new Set([2]));
    expect(await valuesOf(file, "@embedding")).toEqual(new Set([0.5]));
    expect(before.filter((byte, i) => byte !== after[i]).length).toBeLessThanOrEqual(64 * 64 * 4);
    const tokens = new Set(
      hub.hub.filter(({ url }) => !url?.startsWith("/objects/")).map(({ headers }) => headers.authorization),
    );
    expect(tokens).toEqual(new Set(["Bearer hf_test"]));
    expect(hub.cdn.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});
