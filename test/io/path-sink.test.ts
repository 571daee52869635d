import { execFile } from "node:child_process";
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FileHandleLike } from "../../src/io/duck-types.ts";
import { openSink } from "../../src/io/open-sink.ts";
import "../../src/io/platform.node.ts";
import type { SinkOptions } from "../../src/io/options.ts";
import { bundledOnce } from "../bundled-once.ts";
import { failure, freshFolder, openFilesIn, pattern } from "./support.ts";

const run = promisify(execFile);
const saveLarge = bundledOnce(new URL("save-large.ts", import.meta.url));
const BYTES = pattern(3_000_000);
const onLinux = process.platform === "linux";

async function save(path: string | URL, bytes: Uint8Array, options?: SinkOptions): Promise<void> {
  const { sink } = await openSink(path, options);
  await sink.begin(bytes.length);
  await sink.write(bytes);
  await sink.close();
}

async function only(folder: string, names: string[]): Promise<void> {
  expect((await readdir(folder)).sort()).toEqual(names);
  expect(openFilesIn(folder)).toEqual([]);
}

describe("a path sink", () => {
  it.each([true, false])("writes chunks of every size in order (flush: %s)", async (flush) => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    const { sink } = await openSink(path, { flush });
    await sink.begin(BYTES.length);
    for (let at = 0, length = 1; at < BYTES.length; at += length, length = (length * 7 + 1) % 1_500_000) {
      if (length === 0) length = 1;
      await sink.write(BYTES.subarray(at, at + length));
    }
    await sink.close();
    expect(Buffer.compare(await readFile(path), BYTES)).toBe(0);
    await only(folder, ["file"]);
  });

  it("writes shared memory, no bytes at all, and to a file: URL", async () => {
    const folder = await freshFolder();
    const shared = new Uint8Array(new SharedArrayBuffer(BYTES.length));
    shared.set(BYTES);
    await save(pathToFileURL(join(folder, "shared")), shared);
    expect(Buffer.compare(await readFile(join(folder, "shared")), BYTES)).toBe(0);
    await save(join(folder, "empty"), new Uint8Array());
    expect((await stat(join(folder, "empty"))).size).toBe(0);
  });

  it("shows the new file only once it is whole", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    const { sink } = await openSink(path);
    await sink.write(BYTES);
    expect(await readFile(path, "utf8")).toBe("old");
    const reader = await open(path);
    await sink.close();
    expect((await readFile(path)).length).toBe(BYTES.length);
    // Who holds the old file goes on reading it.
    expect((await reader.readFile()).toString()).toBe("old");
    await reader.close();
  });

  it("keeps the file's mode, and gives a new file the usual one", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    for (const mode of [0o600, 0o666, 0o754]) {
      await chmod(path, mode);
      await save(path, BYTES);
      expect((await stat(path)).mode & 0o777).toBe(mode);
    }
    await writeFile(join(folder, "plain"), "");
    await save(join(folder, "new"), BYTES);
    expect((await stat(join(folder, "new"))).mode).toBe((await stat(join(folder, "plain"))).mode);
  });

  it("replaces a read-only file and keeps it so; other names of it keep the old content", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    await link(path, join(folder, "other name"));
    await chmod(path, 0o444);
    await save(path, BYTES);
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    expect((await readFile(path)).length).toBe(BYTES.length);
    expect(await readFile(join(folder, "other name"), "utf8")).toBe("old");
  });

  it("replaces a link and leaves its target alone", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "target"), "target");
    await symlink("target", join(folder, "link"));
    await symlink("nowhere", join(folder, "dangling"));
    await symlink("loop", join(folder, "loop"));
    for (const name of ["link", "dangling", "loop"]) {
      await save(join(folder, name), BYTES);
      expect((await lstat(join(folder, name))).isFile()).toBe(true);
    }
    expect(await readFile(join(folder, "target"), "utf8")).toBe("target");
    await only(folder, ["dangling", "link", "loop", "target"]);
  });

  it.runIf(onLinux)("writes a pipe, a device and a link to one directly", async () => {
    const folder = await freshFolder();
    const pipe = join(folder, "pipe");
    await run("mkfifo", [pipe]);
    const [, read] = await Promise.all([save(pipe, BYTES), readFile(pipe)]);
    expect(Buffer.compare(read, BYTES)).toBe(0);
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    await symlink("/dev/null", join(folder, "null"));
    await save(join(folder, "null"), BYTES);
    expect(await readlink(join(folder, "null"))).toBe("/dev/null");
    await save("/dev/null", BYTES);
    expect((await lstat("/dev/null")).isCharacterDevice()).toBe(true);
    await only(folder, ["null", "pipe"]);
  });

  it.runIf(onLinux)("writes through a descriptor's name, even where it leads to a regular file", async () => {
    const folder = await freshFolder();
    const handle = await open(join(folder, "file"), "w");
    await save(`/dev/fd/${handle.fd}`, BYTES);
    await handle.close();
    expect(Buffer.compare(await readFile(join(folder, "file")), BYTES)).toBe(0);
  });

  it("takes names as long as the file system does", async () => {
    const folder = await freshFolder();
    const name = `${"é".repeat(120)}.safetens`;
    await save(join(folder, name), BYTES);
    await only(folder, [name]);
  });

  it("lets two saves to one path at once both succeed", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    const other = BYTES.slice().reverse();
    await Promise.all([save(path, BYTES), save(path, other)]);
    const found = await readFile(path);
    expect([BYTES, other].some((bytes) => Buffer.compare(found, bytes) === 0)).toBe(true);
    await only(folder, ["file"]);
  });

  it("writes through a FileHandle from its first byte on, and leaves it open", async () => {
    const folder = await freshFolder();
    const handle = await open(join(folder, "file"), "w+");
    await handle.writeFile(new Uint8Array(5_000_000));
    const { sink } = await openSink(handle);
    await sink.write(BYTES);
    await sink.close();
    expect(Buffer.compare(await readFile(join(folder, "file")), BYTES)).toBe(0);
    const failed = await openSink(handle);
    await failed.sink.write(BYTES);
    await failed.sink.abort();
    expect((await handle.stat()).size).toBe(0);
    await handle.close();
  });

  it("goes on after short writes", async () => {
    const written: number[] = [];
    const handle: FileHandleLike = {
      fd: 3,
      stat: async () => ({ size: 0, isFile: () => true }),
      read: async () => ({ bytesRead: 0 }),
      write: async (buffer, offset, length, position) => {
        const bytesWritten = Math.min(length, 99_999);
        written.splice(position!, bytesWritten, ...buffer.subarray(offset, offset + bytesWritten));
        return { bytesWritten };
      },
      truncate: async () => {},
      sync: async () => {},
    };
    const { sink } = await openSink(handle);
    await sink.write(BYTES.subarray(0, 1_500_000));
    await sink.write(BYTES.subarray(1_500_000, 2_000_000));
    await sink.close();
    expect(Buffer.compare(Uint8Array.from(written), BYTES.subarray(0, 2_000_000))).toBe(0);
  });
});

describe("a path sink that fails", () => {
  it("leaves the old file, no litter and no open handle when aborted", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    for (const end of ["abort", "signal at write", "signal at close", "too few bytes"]) {
      const controller = new AbortController();
      const { sink } = await openSink(path, { signal: controller.signal });
      await sink.begin(BYTES.length);
      await sink.write(BYTES.subarray(0, 2_000_000));
      if (end.startsWith("signal")) controller.abort(end);
      if (end === "abort") await sink.abort();
      else if (end === "signal at write") {
        await expect(sink.write(BYTES)).rejects.toBe(end);
        await sink.abort(end);
      } else if (end === "signal at close") await expect(sink.close()).rejects.toBe(end);
      else expect((await failure(() => sink.close())).code).toBe("WriteError");
      await expect(sink.write(BYTES)).rejects.toBeDefined();
      await sink.abort();
      expect(await readFile(path, "utf8")).toBe("old");
      await only(folder, ["file"]);
    }
  });

  it("leaves the old file when its signal is aborted while it flushes", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    const controller = new AbortController();
    const { sink } = await openSink(path, { signal: controller.signal });
    await sink.write(BYTES);
    const closing = sink.close();
    controller.abort("enough");
    await expect(closing).rejects.toBe("enough");
    expect(await readFile(path, "utf8")).toBe("old");
    await only(folder, ["file"]);
  });

  it("stops a large write in the middle when its signal is aborted", async () => {
    const folder = await freshFolder();
    const controller = new AbortController();
    const { sink } = await openSink(join(folder, "file"), { signal: controller.signal });
    const writing = sink.write(new Uint8Array(400 * 2 ** 20));
    setImmediate(() => controller.abort("enough"));
    await expect(writing).rejects.toBe("enough");
    const [temporary] = await readdir(folder);
    expect((await stat(join(folder, temporary!))).size).toBeLessThan(400 * 2 ** 20);
    await sink.abort();
    await only(folder, []);
  });

  it("refuses a folder, a link to one, and a folder that isn't there", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, "folder"));
    await symlink("folder", join(folder, "link"));
    for (const name of ["folder", "link", "none/file"]) {
      const path = join(folder, name);
      expect(await failure(() => openSink(path))).toMatchObject({ code: "WriteError", source: path });
    }
    await only(folder, ["folder", "link"]);
  });

  it.each(["none/file", "none/deeper/file"])("says that the folder of %s doesn't exist", async (name) => {
    const folder = await freshFolder();
    const error = await failure(() => openSink(join(folder, name)));
    expect(error).toMatchObject({ code: "WriteError", cause: { code: "ENOENT" } });
    expect(error.message).toContain(`the folder ${dirname(join(folder, name))} doesn't exist; make it first`);
  });

  it("leaves a file and no litter when the program changes its working directory meanwhile", async () => {
    const [one, other] = [await freshFolder(), await freshFolder()];
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(one);
    const { sink } = await openSink("file");
    const aborted = await openSink("aborted");
    await sink.write(BYTES);
    process.chdir(other);
    await sink.close();
    await aborted.sink.abort();
    await only(one, ["file"]);
    await only(other, []);
  });

  it("says so when the folder has gone meanwhile", async () => {
    const folder = join(await freshFolder(), "folder");
    await mkdir(folder);
    const { sink } = await openSink(join(folder, "file"));
    await sink.write(BYTES);
    await rm(folder, { recursive: true });
    const error = await failure(() => sink.close());
    expect(error).toMatchObject({ code: "WriteError", cause: { code: "ENOENT" } });
    expect(openFilesIn(folder)).toEqual([]);
  });

  it.runIf(onLinux)("says that the disk is full", async () => {
    const { sink } = await openSink("/dev/full");
    const error = await failure(() => sink.write(BYTES));
    expect(error).toMatchObject({ code: "WriteError", source: "/dev/full", cause: { code: "ENOSPC" } });
    expect(error.message).toContain("free some space");
    await sink.abort(error);
    expect(openFilesIn("/dev/full")).toEqual([]);
  });

  it.runIf(onLinux)("leaves the old file whole where the process may write no larger ones", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    const command = `ulimit -f 2000 && exec "${process.execPath}" "${await saveLarge()}" "${path}"`;
    const { stdout } = await run("bash", ["-c", command]);
    expect(stdout).toContain("WriteError EFBIG");
    expect(await readFile(path, "utf8")).toBe("old");
    await only(folder, ["file"]);
  });

  it.runIf(onLinux)("leaves a folder without permission as it is", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "file"), "old");
    await chmod(folder, 0o555);
    // Root may write anywhere, so another user tries.
    const { stdout } = await run(process.execPath, [await saveLarge(), join(folder, "file"), "65534"]);
    await chmod(folder, 0o755);
    expect(stdout).toContain("WriteError EACCES");
    expect(await readFile(join(folder, "file"), "utf8")).toBe("old");
    await only(folder, ["file"]);
  });
});

describe("litter of dead saves", () => {
  const twoHoursAgo = new Date(Date.now() - 7_200_000);
  const almostAnHourAgo = new Date(Date.now() - 3_500_000);

  /** The name of a temporary file of this host, as a save that is under way makes it. */
  async function temporaryName(folder: string): Promise<string> {
    const { sink } = await openSink(join(folder, "file"));
    const [name] = await readdir(folder);
    await sink.abort();
    return name!;
  }

  async function litter(folder: string, name: string, modified?: Date) {
    await writeFile(join(folder, name), "litter");
    if (modified) await utimes(join(folder, name), modified, modified);
  }

  it("is cleared by the next save to the same folder, once it is older than an hour", async () => {
    const folder = await freshFolder();
    const own = await temporaryName(folder);
    const ofProcess = (id: number, name = own) => name.replace(`-${process.pid}-`, `-${id}-`);
    const stays = [
      [ofProcess(99_999_992), almostAnHourAgo],
      [ofProcess(99_999_993)],
      [ofProcess(99_999_994, own.replace(/p2s-[0-9a-f]{8}/, "p2s-00000000")), twoHoursAgo],
      [".file.tmp", twoHoursAgo],
      [".file.99999995-0123456789ab.tmp", twoHoursAgo],
    ] as const;
    for (const [name, modified] of stays) await litter(folder, name, modified);
    await litter(folder, ofProcess(99_999_996), twoHoursAgo);
    await litter(folder, ofProcess(99_999_997, own.replace("file", "other")), twoHoursAgo);
    await save(join(folder, "file"), BYTES);
    await only(folder, [...stays.map(([name]) => name), "file"].sort());
  });

  it("is never what a slow save is still writing, here or in another process", async () => {
    const folder = await freshFolder();
    const path = join(folder, "file");
    const { sink } = await openSink(path);
    const [own] = await readdir(folder);
    await utimes(join(folder, own!), twoHoursAgo, twoHoursAgo);
    const foreign = own!.replace(`-${process.pid}-`, `-${process.ppid}-`);
    await litter(folder, foreign, twoHoursAgo);
    await save(path, BYTES);
    expect((await readdir(folder)).sort()).toEqual([own!, foreign, "file"].sort());
    await sink.write(BYTES.subarray(5));
    await sink.close();
    expect((await readFile(path)).length).toBe(BYTES.length - 5);
  });
});
