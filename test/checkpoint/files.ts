// What tests of files share: a folder of their own, a tensor, and the bytes of a tree.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { serialize, Tensor } from "../../src/index.node.ts";

/** Gives the tests of a file a folder, which is removed after them; the paths of what is in it, by name. */
export function ownFolder(): (name: string) => string {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "p2s-checkpoint-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return (name) => join(folder, name);
}

/** A tensor of two rows and two columns, 1 to 4. */
export function w(): Tensor {
  return Tensor.from([
    [1, 2],
    [3, 4],
  ]);
}

/** The bytes of the file that a tree makes. */
export async function bytesOf(tree: unknown): Promise<Uint8Array> {
  return new Uint8Array(await (await (await serialize(tree)).blob()).arrayBuffer());
}
