import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openSink } from "../../src/io/open-sink.ts";
import "../../src/io/platform.node.ts";
import { failure, freshFolder, openFilesIn, pattern } from "./support.ts";

// No file system at hand lacks `rename`, so that the system call is what fails here; all else is real.
const broken = vi.hoisted(() => ({ code: "" }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const rename: typeof real.rename = async (from, to) => {
    if (broken.code === "") return real.rename(from, to);
    throw Object.assign(new Error(`${broken.code}: rename`), { code: broken.code });
  };
  return { ...real, rename };
});

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

function lacking(code: string): void {
  broken.code = code;
  onTestFinished(() => {
    broken.code = "";
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

function mayMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

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
