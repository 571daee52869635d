import { join } from "node:path";
import { parseSafetensorsMetadata } from "@huggingface/hub";
import { openSafetensors } from "pytree2safetensors";
import { inChild } from "../child.ts";
import { contest } from "../contest.ts";
import { bareRange } from "../contestants/raw.ts";
import { uniformFile } from "../files.ts";
import type { Comparison, Fact } from "../report-types.ts";
import { Server } from "../server.ts";
import { count, mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const LATENCY_MS = 20;
const SLACK_BYTES = 64 * 2 ** 10;
// 2,500 tensors of 4 MB: a file of 10 GB.
const COUNT = 2_500;
const SHAPE = [1_000, 1_000];
const BYTES = 4_000_000;

export const one: Workload = {
  name: "one",
  async run(context) {
    const path = join(context.folder, "one.safetensors");
    const head = await uniformFile(path, COUNT, SHAPE);
    const name = "t1234";
    const at = await openSafetensors(path);
    const start = head.byteLength + BYTES * at.names.indexOf(name);
    await at.close();
    const rounds = context.rounds(0.2);
    context.log("one: a tensor of a 10 GB file, from disk");
    await bareRange(path, start, start + BYTES);
    const disk = await contest(
      [
        { name: "open + tensor", run: () => oneTensor(path, name) },
        { name: "bare read", run: () => bareRange(path, start, start + BYTES) },
      ],
      rounds,
    );
    const { peakBytes } = await inChild("openOne", path, name);

    context.log(`one: the same over HTTP, ${LATENCY_MS} ms of latency`);
    const server = await Server.start(path, LATENCY_MS);
    const url = `${server.origin}/model/resolve/main/model.safetensors`;
    const opened = await openSafetensors(url);
    const opening = await server.traffic();
    await opened.tensor(name);
    const reading = await server.traffic();
    await opened.close();
    await hubHeader(server.origin);
    const hub = await server.traffic();
    const http = await contest(
      [
        { name: "open + tensor", run: () => oneTensor(url, name) },
        { name: "bare fetch", run: () => fetchRange(url, start, start + BYTES) },
        { name: "open", run: async () => (await openSafetensors(url)).close() },
        { name: "hub", run: () => hubHeader(server.origin) },
      ],
      rounds,
    );
    server.close();

    const comparisons: Comparison[] = [
      {
        what: "disk: open the file and read one tensor",
        against: "bare read of its bytes",
        ours: disk.time("open + tensor"),
        speed: disk.speed("open + tensor", "bare read"),
      },
      {
        what: "HTTP: open the file and read one tensor",
        against: "one `fetch` of its bytes",
        ours: http.time("open + tensor"),
        speed: http.speed("open + tensor", "bare fetch"),
        why: "One tensor over HTTP: the header must be there before the tensor can be requested. Here it takes two requests, because it is longer than the 64 KiB of the first. With the tensor, that makes three round trips against one.",
      },
      {
        what: "HTTP: open the file (header read and checked)",
        against: "`@huggingface/hub` `parseSafetensorsMetadata`",
        ours: http.time("open"),
        speed: http.speed("open", "hub"),
      },
    ];
    const most = head.byteLength + BYTES + SLACK_BYTES;
    const total = opening.bytes + reading.bytes;
    const facts: Fact[] = [
      {
        what: "HTTP: bytes read in all",
        got: `${count(total)} (header ${count(head.byteLength)}, tensor ${count(BYTES)})`,
        reach: `≤ header + tensor + ${count(SLACK_BYTES)}`,
        ok: total <= most,
      },
      { what: "HTTP: requests to open", got: String(opening.requests) },
      {
        what: "HTTP: requests for a tensor once open",
        got: String(reading.requests),
        reach: "≤ 2",
        ok: reading.requests <= 2,
      },
      {
        what: "HTTP: requests and bytes of `@huggingface/hub` for the header",
        got: `${hub.requests} requests, ${count(hub.bytes)} bytes`,
      },
      { what: "disk: peak memory, open and one tensor", got: mebibytes(peakBytes) },
    ];
    return {
      title: "One tensor of a 10 GB file",
      intro: `A sparse file of ${count(COUNT)} F32 tensors of 4 MB; one of them is read. HTTP from a server on this machine, in a process of its own, that answers ${LATENCY_MS} ms late. \`readFile\` refuses files over 2 GiB, so the loaders that need the whole file can't do this at all.`,
      comparisons,
      facts,
    };
  },
};

async function oneTensor(source: string, name: string): Promise<unknown> {
  const file = await openSafetensors(source);
  try {
    return await file.tensor(name);
  } finally {
    await file.close();
  }
}

async function fetchRange(url: string, start: number, end: number): Promise<ArrayBuffer> {
  const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } });
  return response.arrayBuffer();
}

function hubHeader(origin: string): Promise<unknown> {
  return parseSafetensorsMetadata({ repo: "some/model", path: "model.safetensors", hubUrl: origin });
}
