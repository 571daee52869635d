// The S3 store behind a network that fails: no wrong byte, and nothing left behind.
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { pattern } from "../runtimes/support.ts";
import { type Faults, startFaultyProxy } from "./faulty-proxy.ts";
import type { S3Server } from "./servers.ts";
import { keysOf, readAll, storeOf, uploadsOf, write } from "./support.ts";

const MIB = 2 ** 20;

/** An endpoint in front of the server that fails as told. */
async function withFaults(
  server: S3Server,
  faults: Faults,
  seed: number,
  use: (faulty: S3Server, proxy: Awaited<ReturnType<typeof startFaultyProxy>>) => Promise<void>,
): Promise<void> {
  const proxy = await startFaultyProxy(server.url, faults, seed);
  try {
    await use({ ...server, url: proxy.url }, proxy);
  } finally {
    await proxy.close();
  }
}

function pause(milliseconds = 5): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export function faultTests(server: S3Server): void {
  const big = pattern(26 * MIB + 7);

  describe(`${server.name} behind a failing network`, () => {
    for (const seed of [1, 2, 3]) {
      it(`keeps every byte: 5 % of requests reset, 5 % refused, 3 % stalled (seed ${seed})`, async () => {
        const faults = { lostRequests: 0.025, lostAnswers: 0.025, slowDown: 0.05, stalled: 0.03 };
        await withFaults(server, faults, seed, async (faulty, proxy) => {
          const store = storeOf(faulty, `faulty-${seed}`, { timeout: 400, partBytes: 5 * MIB, retries: 8 });
          for (let round = 0; round < 6; round++) {
            const length = round % 2 === 0 ? big.length - round : 100_000 + round;
            await write(store, `object-${round}`, big.subarray(0, length));
          }
          equal((await keysOf(store)).length, 6, "objects");
          for (let round = 0; round < 6; round++) {
            const length = round % 2 === 0 ? big.length - round : 100_000 + round;
            equal(
              await readAll(store, `object-${round}`, 1_000_003),
              big.subarray(0, length),
              `object ${round}`,
            );
          }
          const { requests, ...failed } = proxy.counts;
          const sum = Object.values(failed).reduce((total, count) => total + count, 0);
          ok(sum > requests / 40, `only ${sum} of ${requests} requests failed`);
        });
        equal(await uploadsOf(server), [], "uploads");
      });
    }

    it("clears an upload whose id it never learned", async () => {
      await withFaults(server, {}, 1, async (faulty, proxy) => {
        const store = storeOf(faulty, "lost-id", { partBytes: 5 * MIB });
        proxy.failNext(/^POST .*uploads/, "lostAnswers");
        await write(store, "a", big.subarray(0, 11 * MIB));
        equal(proxy.counts.lostAnswers, 1, "lost answers");
        equal(await readAll(store, "a"), big.subarray(0, 11 * MIB), "bytes");
      });
      equal(await uploadsOf(server), [], "uploads");
    });

    it("leaves an upload of another writer to the same key alone", async () => {
      await withFaults(server, {}, 1, async (faulty, proxy) => {
        const store = storeOf(faulty, "two-writers", { partBytes: 5 * MIB });
        const other = await store.sink("a");
        await other.begin?.(10 * MIB);
        await other.write(big.subarray(0, 5 * MIB));
        while (!proxy.log.some((line) => line.includes("partNumber=1"))) await pause();
        await pause(200);
        proxy.failNext(/^POST .*uploads/, "lostAnswers");
        await write(store, "a", big.subarray(0, 11 * MIB));
        await other.write(big.subarray(5 * MIB, 10 * MIB));
        await other.close();
        equal(await readAll(store, "a"), big.subarray(0, 10 * MIB), "the last writer's bytes");
      });
      equal(await uploadsOf(server), [], "uploads");
    });

    for (const [name, length, last] of [
      ["small", 1000, /^PUT /],
      ["large", 11 * MIB, /^POST .*uploadId=/],
    ] as const) {
      it(`knows its own ${name} object when the answer to its last request was lost`, async () => {
        await withFaults(server, {}, 1, async (faulty, proxy) => {
          const store = storeOf(faulty, "lost-answer", { partBytes: 5 * MIB, isNew: true });
          proxy.failNext(last, "lostAnswers");
          await write(store, name, big.subarray(0, length));
          equal(proxy.counts.lostAnswers, 1, "lost answers");
          equal(await readAll(store, name), big.subarray(0, length), name);
        });
        equal(await uploadsOf(server), [], "uploads");
      });
    }

    it("gives up in the end, with the last reason, and leaves nothing", async () => {
      await withFaults(server, {}, 1, async (faulty, proxy) => {
        const store = storeOf(faulty, "given-up", { partBytes: 5 * MIB, retries: 1 });
        const sink = await store.sink("a");
        await sink.begin?.(20 * MIB);
        await sink.write(big.subarray(0, 6 * MIB));
        proxy.faults = { slowDown: 1 };
        const error = await rejects(async () => {
          await sink.write(big.subarray(6 * MIB, 20 * MIB));
          await sink.close();
        }, "HttpError");
        ok(/503 SlowDown/.test(error.message), error.message);
        proxy.faults = {};
        await sink.abort?.(error);
      });
      equal(await uploadsOf(server), [], "uploads");
    });
  });
}
