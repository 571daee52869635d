import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import {
  type ErrorCode,
  type HttpOptions,
  isPytree2SafetensorsError,
  loadFile,
  openSafetensors,
  savePytree,
  serialize,
  Tensor,
} from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { answer, type Handler, serve } from "../io/server.ts";
import { freshFolder } from "../io/support.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const LENGTH = 30_000;
/** For servers that answer, however busy the machine is. */
const PATIENT = { retries: 2, timeout: 30_000 };
/** For a server that stalls: short enough to wait for. */
const IMPATIENT = { retries: 2, timeout: 100 };
/** For a server that stalls once: on a busy machine the good answers may be late as well. */
const STUBBORN = { retries: 6, timeout: 100 };

/** A file whose every value tells its version; all versions have the same size and header. */
async function fileOf(version: number): Promise<Uint8Array> {
  const leaf = (i: number) => new Tensor("F32", [LENGTH], new Float32Array(LENGTH).fill(version + i / 8));
  const file = await serialize(Object.fromEntries(NAMES.map((name, i) => [name, leaf(i)])));
  return new Uint8Array(await (await file.blob()).arrayBuffer());
}

const OLD = await fileOf(1);
const NEW = await fileOf(2);
const good: Handler = (request, response) => answer(OLD, request, response, { headers: { etag: '"1"' } });

const body =
  (send: (part: Uint8Array, response: ServerResponse) => void): Handler =>
  (request, response) =>
    answer(OLD, request, response, { headers: { etag: '"1"' }, body: send });
const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(code, headers).end("an error page");
/** Answers as if another range had been asked for. */
const shifted: Handler = (request, response) => {
  const [, start, end] = /(\d+)-(\d+)/.exec(request.headers.range!)!.map(Number);
  const [from, to] = [start! + 8, Math.min(end! + 8, OLD.length - 1)];
  response.writeHead(206, { "content-range": `bytes ${from}-${to}/${OLD.length}`, etag: '"1"' });
  response.end(OLD.subarray(from, to + 1));
};

type Patience = Pick<HttpOptions, "retries" | "timeout">;

interface Fault {
  readonly handler: Handler;
  /** The errors that it may end in when it stays; none where it is no fault in the end. */
  readonly codes: readonly ErrorCode[];
  /** Whether it passes unseen when it comes but once. */
  readonly passes: boolean;
  /** Whether nothing comes until the reader's time is over. */
  readonly stalls?: boolean;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  "drops the connection": {
    handler: (request) => request.socket.destroy(),
    codes: ["HttpError"],
    passes: true,
  },
  "drops it in the middle of the body": {
    handler: body((part, response) => {
      response.write(part.subarray(0, part.length / 2), () => response.destroy());
    }),
    // Half of what is left is progress, so that it may come to its end.
    codes: ["HttpError", "ShortRead"],
    passes: true,
  },
  "stalls before the answer": { handler: () => {}, codes: ["Timeout"], passes: true, stalls: true },
  "stalls in the middle of the body": {
    handler: body((part, response) => void response.write(part.subarray(0, part.length / 2))),
    codes: ["Timeout"],
    passes: true,
    stalls: true,
  },
  "sends too few bytes": {
    handler: (request, response) => {
      const [, start, end] = /(\d+)-(\d+)/.exec(request.headers.range!)!.map(Number);
      const last = Math.min(end!, OLD.length - 1);
      response.writeHead(206, { "content-range": `bytes ${start}-${last}/${OLD.length}`, etag: '"1"' });
      response.end(OLD.subarray(start!, last));
    },
    codes: ["HttpError", "ShortRead"],
    passes: true,
  },
  "answers 500": { handler: status(500), codes: ["HttpError"], passes: true },
  "answers 503, to be asked at once": {
    handler: status(503, { "retry-after": "0" }),
    codes: ["HttpError"],
    passes: true,
  },
  "answers 429, to be asked at once": {
    handler: status(429, { "retry-after": "0" }),
    codes: ["HttpError"],
    passes: true,
  },
  "answers 429, to be asked in a day": {
    handler: status(429, { "retry-after": "86400" }),
    codes: ["HttpError"],
    passes: false,
  },
  "answers 404": { handler: status(404), codes: ["HttpError"], passes: false },
  "answers 416": {
    handler: status(416, { "content-range": `bytes */${OLD.length}` }),
    codes: ["HttpError"],
    passes: false,
  },
  "answers 416 of another size": {
    handler: status(416, { "content-range": "bytes */9" }),
    codes: ["HttpError", "SourceChanged"],
    passes: false,
  },
  "redirects in a loop": {
    handler: status(302, { location: "/model.safetensors" }),
    codes: ["HttpError"],
    passes: true,
  },
  "sends another range": { handler: shifted, codes: ["HttpError"], passes: false },
  "sends an error page as if it were the file": {
    handler: (_, response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end("<html></html>"),
    codes: ["HttpError", "SourceChanged"],
    passes: false,
  },
  "has another file, under another tag": {
    handler: (request, response) => answer(NEW, request, response, { headers: { etag: '"2"' } }),
    codes: ["SourceChanged"],
    passes: false,
  },
  "has another file, and minds no If-Range": {
    handler: (request, response) => {
      delete request.headers["if-range"];
      answer(NEW, request, response, { headers: { etag: '"2"' } });
    },
    codes: ["SourceChanged"],
    passes: false,
  },
  "has a longer file": {
    handler: (request, response) => answer(new Uint8Array(OLD.length + 8), request, response),
    codes: ["HttpError", "SourceChanged"],
    passes: false,
  },
  "has a file cut short": {
    handler: (request, response) => answer(OLD.subarray(0, 100_000), request, response),
    codes: ["HttpError", "SourceChanged"],
    passes: false,
  },
};

// What another file or page is told by, when it comes from the first request on.
const FORMAT: readonly ErrorCode[] = [
  ...(["HeaderTooLarge", "InvalidHeaderLength", "InvalidHeaderDeserialization"] as const),
  "MetadataIncompleteBuffer",
];

/** Reads all tensors one by one, at once, and tells each version of the file that is found in them. */
async function readAll(url: string, patience: Patience): Promise<Set<number>> {
  await using file = await openSafetensors(url, patience);
  // All are waited for, so that none goes on when the test is over.
  const reading = NAMES.map((name) => file.tensor(`@${name}`));
  await Promise.allSettled(reading);
  const tensors = await Promise.all(reading);
  return new Set(
    tensors.flatMap(({ data }, i) => [...new Set(data as Float32Array)].map((value) => value - i / 8)),
  );
}

async function outcome(url: string, patience: Patience): Promise<string> {
  try {
    const versions = await readAll(url, patience);
    return versions.size === 1 ? `version ${[...versions]}` : `a mixture of versions ${[...versions]}`;
  } catch (error) {
    return isPytree2SafetensorsError(error) ? error.code : String(error);
  }
}

describe("a server", () => {
  for (const [name, { handler, codes, passes, stalls }] of Object.entries(FAULTS)) {
    it(`gives the right tensors, or an error, when it ${name}`, async () => {
      const check = async (first: number) => {
        const once = await serve((...args) => (args[2] === first ? handler : good)(...args));
        const seen = await outcome(once.url, stalls ? STUBBORN : PATIENT);
        // A file that is another from the first request on is a file like any other.
        const alone = first === 1 ? ["version 2", ...FORMAT] : [];
        const allowed = passes ? ["version 1"] : [...codes, ...alone];
        expect(allowed, `${first} only`).toContain(seen);

        const always = await serve((...args) => (args[2] >= first ? handler : good)(...args));
        expect([...codes, ...alone], `from ${first} on`).toContain(
          await outcome(always.url, stalls ? IMPATIENT : PATIENT),
        );
        expect(always.requests.length).toBeLessThan(200);
        for (const server of [once, always]) await expect.poll(server.open).toBe(0);
      };
      await Promise.all([1, 3].map(check));
    });
  }

  it("gives one version, whatever goes wrong at random", async () => {
    const handlers = [...Object.values(FAULTS).filter(({ passes }) => passes)].map(({ handler }) => handler);
    const seen = new Map<string, number>();
    const play = async (round: number) => {
      let seed = round + 1;
      const random = () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed / 2_147_483_647;
      };
      random(); // the first of neighbouring seeds are alike
      let isNew = false;
      const server = await serve((request, response, count) => {
        if (round % 3 === 0 && count === 4) isNew = true;
        if (random() < 0.25) handlers[Math.floor(random() * handlers.length)]!(request, response, count);
        else if (!isNew) good(request, response, count);
        else answer(NEW, request, response, { headers: { etag: '"2"' } });
      });
      const result = await outcome(server.url, IMPATIENT);
      seen.set(result, (seen.get(result) ?? 0) + 1);
    };
    // Most of their time they wait; five at once still answer in time.
    for (let round = 0; round < 25; round += 5) {
      await Promise.all([0, 1, 2, 3, 4].map((i) => play(round + i)));
    }
    const allowed = new Set(["version 1", "version 2", "HttpError", "ShortRead", "Timeout", "SourceChanged"]);
    expect([...seen.keys()].filter((result) => !allowed.has(result))).toEqual([]);
    expect(seen.get("version 1")).toBeGreaterThan(0);
    expect(seen.get("SourceChanged")).toBeGreaterThan(0);
  });

  it("can't mix two sharded checkpoints: shards that are gone are an error that names them", async () => {
    const folder = await freshFolder();
    const tree = { a: Tensor.from([1, 2, 3]), b: Tensor.from([4, 5, 6]) };
    await savePytree(tree, folder, { maxShardSize: 12 });
    const server = await serve(async (request, response) => {
      const name = request.url!.slice(1);
      if (name.includes("00002-of")) response.writeHead(404).end();
      else answer(await readFile(`${folder}/${name}`), request, response);
    });
    const url = server.url.replace("model.safetensors", "model.safetensors.index.json");
    await expect(loadFile(url, PATIENT)).rejects.toMatchObject({
      code: "MissingShard",
      message: expect.stringContaining("model-00002-of-00002.safetensors"),
    });
  });
});
