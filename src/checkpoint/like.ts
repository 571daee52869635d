/** What saving a tree like an existing file takes from that file: its kinds of keys, and its metadata. */
import { invalidArgument } from "../base/arguments.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import { names2tree } from "../tree/names2tree.ts";
import { type LikeKinds, likeKinds } from "../tree/rekey.ts";
import type { SafetensorsFile } from "./file.ts";
import { type Metadata, STRUCTURE_KEY, userMetadata } from "./metadata.ts";

/** What a save can be like: an open file, of which only names and metadata are looked at, or the key strings of one. */
export type LikeInput = Pick<SafetensorsFile, "names" | "metadata"> | readonly string[];

/** What a save takes from the file that it is to be like: the kinds of its keys, and its metadata strings if there are any. */
export function likeOf(
  like: LikeInput | undefined,
  keys: KeyStyleOption["keys"],
): { kinds: LikeKinds; metadata?: Metadata } | undefined {
  if (like === undefined) return undefined;
  if (Array.isArray(like)) return { kinds: likeKinds(like) };
  const { names, metadata } = Object(like) as Exclude<LikeInput, readonly string[]>;
  if (!Array.isArray(names) || typeof metadata !== "object")
    throw invalidArgument(
      "like",
      "an open file, such as await openSafetensors(source), or key strings",
      like,
    );
  // Only the structure tells the paths of names that contain separators.
  const tree = names2tree(names, { structure: metadata[STRUCTURE_KEY], keys });
  const kinds = likeKinds(names, tree.paths());
  const own = userMetadata(metadata);
  // An empty dict would be written, and the file would have other bytes than the one that it is like.
  return Object.keys(own).length === 0 ? { kinds } : { kinds, metadata: own };
}
