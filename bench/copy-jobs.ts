// The jobs of the workload "copy", each alone in a process.
import { loadPytree, type Store, savePytree } from "pytree2safetensors";
import { s3Store } from "pytree2safetensors/s3";
import { bareCopy } from "./contestants/bare-copy.ts";
import { type JobCost, measured } from "./memory.ts";

/** Where a bucket is, and how to get in. */
export interface S3Place {
  readonly endpoint: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export const COPY_JOBS = {
  copyStore: async (place: S3Place, from: string, to: string): Promise<JobCost> => {
    const store = s3Store(place);
    await request(store, from);
    return measured(async () => {
      const tree = await loadPytree(await store.source(from), { lazy: true });
      await savePytree(tree, await store.sink(to));
    });
  },
  bareCopy: async (place: S3Place, from: string, to: string): Promise<JobCost> => {
    await request(s3Store(place), from);
    return measured(() => bareCopy(place, from, to));
  },
};

/** What Node loads and makes for a program's first requests is no memory of the copy. */
async function request(store: Store, key: string): Promise<void> {
  for (let i = 0; i < 8; i++) await (await store.source(key)).read(0, 2 ** 20);
}
