import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import {
  treeFlatten,
  treeFlattenWithPath,
  treeLeaves,
  treeLeavesWithPath,
  treeStructure,
} from "../../src/tree/flatten.ts";
import { SequenceKey } from "../../src/tree/keys/keypath.ts";
import { keystr } from "../../src/tree/keys/keystr.ts";
import { keypath2string, string2keypath } from "../../src/tree/keys/keystring.ts";
import { registerDataclass, registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { treeMap, treeMapWithPath } from "../../src/tree/map.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { treeUnflatten } from "../../src/tree/treedef.ts";

const never = (value: unknown) => value as never;
class Some {}

describe("wrong arguments are InvalidArgument, with what was expected and found", () => {
  it.each<[string, () => unknown]>([
    ["keypath2string(null)", () => keypath2string(never(null))],
    ["keypath2string(['a'])", () => keypath2string(never(["a"]))],
    ["string2keypath(3)", () => string2keypath(never(3))],
    ["string2keypath(undefined)", () => string2keypath(never(undefined))],
    ["keystr('a')", () => keystr(never("a"))],
    ["keystr([null])", () => keystr(never([null]))],
    ["new SequenceKey(-1)", () => new SequenceKey(-1)],
    ["new SequenceKey('1')", () => new SequenceKey(never("1"))],
    ["pytree2dict(…, null)", () => pytree2dict({}, never(null))],
    ["pytree2dict keys", () => pytree2dict({}, { keys: never([]) })],
    ["pytree2dict keys: auto", () => pytree2dict({}, { keys: never("auto") })],
    ["pytree2dict objects", () => pytree2dict({}, { objects: never("attr") })],
    ["pytree2dict isLeaf", () => pytree2dict({}, { isLeaf: never(true) })],
    ["pytree2dict maxDepth", () => pytree2dict({}, { maxDepth: Number.NaN })],
    ["dict2pytree(…, null)", () => dict2pytree({}, never(null))],
    ["dict2pytree keys", () => dict2pytree({}, { keys: never({ name: "x" }) })],
    ["dict2pytree attributes", () => dict2pytree({}, { attributes: never("dict") })],
    ["dict2pytree maxGaps", () => dict2pytree({}, { maxGaps: -1 })],
    ["dict2pytree maxContainers", () => dict2pytree({}, { maxContainers: never("9") })],
    ["treeFlatten(…, null)", () => treeFlatten({}, never(null))],
    ["treeFlatten maxDepth", () => treeFlatten({}, { maxDepth: 1.5 })],
    ["treeLeaves isLeaf", () => treeLeaves({}, { isLeaf: never({}) })],
    ["treeStructure options", () => treeStructure({}, never(3))],
    ["treeFlattenWithPath options", () => treeFlattenWithPath({}, never("x"))],
    ["treeLeavesWithPath options", () => treeLeavesWithPath({}, never([]))],
    ["treeUnflatten(null)", () => treeUnflatten(never(null), [])],
    ["treeUnflatten leaves", () => treeUnflatten(treeStructure(1), never(1))],
    ["treeMap(null)", () => treeMap(never(null), {})],
    ["treeMapWithPath({})", () => treeMapWithPath(never({}), {})],
    ["registerPytreeNode options", () => registerPytreeNode(Some, never(null))],
    ["registerDataclass options", () => registerDataclass(Some, never(null))],
    ["registerDataclass dataFields", () => registerDataclass(Some, { dataFields: never("w") })],
    ["registerDataclass metaFields", () => registerDataclass(Some, { metaFields: never([1]) })],
  ])("%s", (_, call) => {
    expect(call).toThrow(
      expect.objectContaining({
        code: "InvalidArgument",
        expected: expect.any(String),
        found: expect.any(String),
      }),
    );
  });
});
