/** What saving a tree like an existing file takes from that file: its kinds of keys, and its metadata. */

import { names2tree } from "../tree/names2tree.ts";
import { type LikeKinds, likeKinds } from "../tree/rekey.ts";
import { type Metadata, STRUCTURE_KEY, userMetadata } from "./metadata.ts";
import { type CheckpointSource, openSafetensors } from "./open.ts";
import type { SavePytreeOptions } from "./save-pytree.ts";

/** What is taken from a file. */
export interface Like {
  readonly kinds: LikeKinds;
  /** Its metadata strings, if there is one at all. */
  readonly metadata?: Metadata;
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
    const kinds = likeKinds(names, tree.paths());
    const own = userMetadata(metadata);
    // An empty dict would be written, and the file would have other bytes than the one that it is like.
    return Object.keys(own).length === 0 ? { kinds } : { kinds, metadata: own };
  } finally {
    if (file !== like) await file.close();
  }
}
