import { type Store, savePytree, Tensor } from "pytree2safetensors";
import { s3Store } from "pytree2safetensors/s3";
import { startVersitygw } from "../../test/s3/servers.ts";
import { inChild } from "../child.ts";
import type { S3Place } from "../copy-jobs.ts";
import { spread } from "../statistics.ts";
import { mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const MEMORY = 64 * 2 ** 20;
const TENSOR_BYTES = 16 * 2 ** 20;

export const copy: Workload = {
  name: "copy",
  async run(context) {
    // A whole file of 10 GB once, for the memory and the time; copies in turn, for the ratio, of a quarter of it.
    const [timed, rounds, large] = context.quick ? [12, 2, 24] : [160, 3, 600];
    const server = await startVersitygw();
    if (server === undefined)
      throw new Error("the copy needs versitygw: run it again, building goes on where it was");
    try {
      const place: S3Place = { endpoint: server.url, bucket: server.bucket, credentials: server.credentials };
      const store = s3Store(place);
      context.log(`copy: ${timed} tensors of 16 MiB from object to object`);
      await saveTensors(store, timed);
      const seconds: number[] = [];
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const ours = await inChild("copyStore", place, "from", "ours");
        const bare = await inChild("bareCopy", place, "from", "bare");
        await Promise.all([store.remove("ours"), store.remove("bare")]);
        seconds.push(ours.seconds);
        ratios.push(bare.seconds / ours.seconds);
      }
      context.log(`copy: ${large} tensors, for the memory`);
      await saveTensors(store, large);
      const whole = await inChild("copyStore", place, "from", "ours");
      await store.remove("ours");
      const bare = await inChild("bareCopy", place, "from", "bare");
      const gigabytes = ((large * TENSOR_BYTES) / 1e9).toFixed(1);
      return {
        title: "Copying from store to store",
        intro: `A file of ${timed} tensors of 16 MiB, loaded lazily from one object and saved to another of the same server (versitygw, on this machine). The bare copy reads ranges of 8 MiB and sends each as a part, three at a time, with the same hashes. Memory is counted beyond what a program takes that has made a few requests.`,
        comparisons: [
          {
            what: "copy from object to object",
            against: "bare range reads and multipart writes",
            ours: spread(seconds),
            speed: spread(ratios),
          },
        ],
        facts: [
          {
            what: `peak memory of a copy of ${gigabytes} GB, beyond a program that has made its first requests`,
            got: `${mebibytes(whole.peakBytes)}; the bare copy ${mebibytes(bare.peakBytes)}`,
            reach: `≤ ${mebibytes(MEMORY)}`,
            ok: whole.peakBytes <= MEMORY,
          },
          {
            what: `time of a copy of ${gigabytes} GB`,
            got: `${whole.seconds.toFixed(1)} s; the bare copy ${bare.seconds.toFixed(1)} s`,
          },
        ],
      };
    } finally {
      await server.stop();
    }
  },
};

/** Puts a file of so many tensors where the copies read it. */
async function saveTensors(store: Store, count: number): Promise<void> {
  const tensor = new Tensor("F32", [TENSOR_BYTES / 4], new Float32Array(TENSOR_BYTES / 4).fill(1));
  const tree = Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, tensor]));
  await savePytree(tree, await store.sink("from"));
}
