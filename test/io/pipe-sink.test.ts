import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openSink } from "../../src/io/open-sink.ts";
import "../../src/io/platform.node.ts";
import { bundledOnce } from "../bundled-once.ts";
import { failure, freshFolder, openFilesIn, pattern } from "./support.ts";

const BYTES = pattern(1_000_000);
const program = bundledOnce(new URL("save-to-pipe.ts", import.meta.url));

async function pipe(): Promise<string> {
  const path = join(await freshFolder(), "pipe");
  await promisify(execFile)("mkfifo", [path]);
  return path;
}

describe.runIf(process.platform === "linux")("a pipe to write to", () => {
  it("is waited for until somebody reads, and gets all bytes however slowly it is read", async () => {
    const path = await pipe();
    const opening = openSink(path);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const chunks: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of createReadStream(path, { highWaterMark: 40_000 })) {
        chunks.push(chunk);
        if (chunks.length % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const { sink } = await opening;
    await sink.write(BYTES);
    await sink.close();
    await reading;
    expect(Buffer.compare(Buffer.concat(chunks), BYTES)).toBe(0);
    expect(openFilesIn(dirname(path))).toEqual([]);
  });

  it("holds nothing once the signal is aborted, if nobody ever reads: not this process either", async () => {
    const path = await pipe();
    // Many at once: a thread that waits in the system for each would hold all files of the process.
    const { stdout } = await promisify(execFile)(process.execPath, [await program(), path, "8"], {
      timeout: 20_000,
    });
    expect(stdout.trim().split("\n")).toEqual([
      ...Array(8).fill("aborted: nobody came"),
      "another file: saved",
    ]);
  });

  it("holds nothing once the signal is aborted, if its reader stops reading", async () => {
    const path = await pipe();
    const controller = new AbortController();
    const opening = openSink(path, { signal: controller.signal });
    const reader = await open(path, "r");
    const { sink } = await opening;
    const writing = sink.write(new Uint8Array(5_000_000));
    setTimeout(() => controller.abort("enough"), 20);
    await expect(writing).rejects.toBe("enough");
    await sink.abort("enough");
    await reader.close();
    expect(openFilesIn(dirname(path))).toEqual([]);
  });

  it("may be a handle that the caller opened", async () => {
    const path = await pipe();
    const [reader, writer] = await Promise.all([open(path, "r"), open(path, "w")]);
    const controller = new AbortController();
    const { sink } = await openSink(writer, { signal: controller.signal });
    const writing = sink.write(new Uint8Array(5_000_000));
    setTimeout(() => controller.abort("enough"), 20);
    await expect(writing).rejects.toBe("enough");
    await sink.abort("enough");
    await reader.close();
    await writer.close();
  });

  it("is an error when its reader goes away", async () => {
    const path = await pipe();
    const opening = openSink(path);
    const reader = await open(path, "r");
    const { sink } = await opening;
    await reader.close();
    const error = await failure(() => sink.write(new Uint8Array(5_000_000)));
    expect(error).toMatchObject({ code: "WriteError", cause: { code: "EPIPE" } });
    expect(error.message).toContain("nobody reads it any more");
    await sink.abort(error);
  });
});
