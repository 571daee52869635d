/** What saving a tree like an existing file takes from that file: its kinds of keys, and its metadata. */

import { names2tree } from "../tree/names2tree.ts";
import { type LikeKinds, likeKinds } from "../tree/rekey.ts";
import { type Metadata, STRUCTURE_KEY, userMetadata } from "./metadata.ts";
import { type CheckpointSource, openSafetensors } from "./open.ts";
import type { SavePytreeOptions } from "./save-pytree.ts";

/** What is taken from a file. */
export interface Like {
  readonly kinds: LikeKinds;
  readonly metadata: Metadata;
}

/** Reads what a save takes from a file that it is to be like. */
export async function readLike(
  like: CheckpointSource,
  { signal, keys }: SavePytreeOptions<never>,
): Promise<Like> {
  const file = await openSafetensors(like, { signal });
  try {
    const { names, metadata } = file;
    // Only the structure tells the paths of names that contain separators.
    const tree = names2tree(names, { structure: metadata[STRUCTURE_KEY], keys });
    return { kinds: likeKinds(names, tree.paths()), metadata: userMetadata(metadata) };
  } finally {
    if (file !== like) await file.close();
  }
}
