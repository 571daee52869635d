// The jobs of the workload "copy", each alone in a process.
import { loadPytree, savePytree } from "pytree2safetensors";
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
  copyStore: (place: S3Place, from: string, to: string): Promise<JobCost> =>
    measured(async () => {
      const store = s3Store(place);
      const tree = await loadPytree(await store.source(from), { lazy: true });
      await savePytree(tree, await store.sink(to));
    }),
  bareCopy: (place: S3Place, from: string, to: string): Promise<JobCost> =>
    measured(() => bareCopy(place, from, to)),
};
