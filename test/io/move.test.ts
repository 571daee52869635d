import { execFileSync } from "node:child_process";
import promises, { readdir, readFile, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openSink } from "../../src/io/open-sink.ts";
import "../../src/io/platform.node.ts";
import { mayMount } from "./disks.ts";
import { failure, freshFolder, openFilesIn, pattern } from "./support.ts";

const BYTES = pattern(300_000);

async function save(path: string): Promise<void> {
  const { sink } = await openSink(path);
  try {
    await sink.write(BYTES);
    await sink.close();
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
}

/** Until the test is over, `rename` fails: no file system at hand lacks it. All else is real. */
function lacking(code: string): void {
  const broken = vi.spyOn(promises, "rename").mockImplementation(async () => {
    throw Object.assign(new Error(`${code}: rename`), { code });
  });
  syncBuiltinESMExports();
  onTestFinished(() => {
    broken.mockRestore();
    syncBuiltinESMExports();
  });
}

describe.each(["ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EXDEV", "EINVAL"])(
  "a file system whose rename fails with %s",
  (code) => {
    it("takes a new file, whole, without litter", async () => {
      const folder = await freshFolder();
      lacking(code);
      await save(join(folder, "file"));
      expect(Buffer.compare(await readFile(join(folder, "file")), BYTES)).toBe(0);
      expect(await readdir(folder)).toEqual(["file"]);
      expect(openFilesIn(folder)).toEqual([]);
    });

    it("keeps an old file, and says what to do", async () => {
      const folder = await freshFolder();
      const path = join(folder, "file");
      await writeFile(path, "old");
      lacking(code);
      const error = await failure(() => save(path));
      expect(error).toMatchObject({ code: "WriteError", source: path });
      expect(error.message).toMatch(
        /can't replace a file at once \(rename: \w+\); remove the old file first/,
      );
      expect(await readFile(path, "utf8")).toBe("old");
      expect(await readdir(folder)).toEqual(["file"]);
    });
  },
);

describe("a rename that fails for another reason", () => {
  it.each(["EACCES", "EIO", "ENOSPC"])("is that error, and nothing is copied: %s", async (code) => {
    const folder = await freshFolder();
    lacking(code);
    expect(await failure(() => save(join(folder, "file")))).toMatchObject({
      code: "WriteError",
      cause: { code },
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a file that is a mount of its own, as containers have them", () => {
  it.runIf(mayMount())("can't be replaced: it stays, and the error says so", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "outside"), "old");
    await writeFile(join(folder, "mounted"), "");
    execFileSync("mount", ["--bind", join(folder, "outside"), join(folder, "mounted")]);
    onTestFinished(() => void execFileSync("umount", ["--lazy", join(folder, "mounted")]));
    const error = await failure(() => save(join(folder, "mounted")));
    expect(error).toMatchObject({ code: "WriteError", cause: { code: "EBUSY" } });
    expect(error.message).toContain("can't replace a file at once");
    expect(await readFile(join(folder, "outside"), "utf8")).toBe("old");
    expect((await readdir(folder)).sort()).toEqual(["mounted", "outside"]);
  });
});
