// dict2pytree makes each container once a name leaves it: that may not show.
import { describe, expect, it } from "vitest";
import { makeInOrder } from "../../src/tree/build/make-in-order.ts";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";

const made = (dict: Record<string, unknown>, options = {}) =>
  makeInOrder(Object.keys(dict), (name) => dict[name], options);

describe("dict2pytree", () => {
  const dict = { "@b#1@w": "w", "@b#1@b": "b", "@b#0": 1, "@a@x#0": [1], "@a@y": { z: 2 }, "@c": undefined };
  const tree = { a: { x: [[1]], y: { z: 2 } }, b: [1, { b: "b", w: "w" }], c: undefined };

  it("makes containers in the order of the names where each is done before the next", () => {
    expect(made(dict)).toStrictEqual({ tree });
    expect(Object.keys((made(dict)!.tree as typeof tree).b[1] as object)).toEqual(["b", "w"]);
    expect(made({})).toEqual({ tree: null });
    expect(made({ "": 1 })).toEqual({ tree: 1 });
  });

  it("makes the same tree where a name comes back to a container", () => {
    const names = ["@a@y", "@b#0", "@c", "@b#1@w", "@a@x#0", "@b#1@b"] as const;
    const mixed = Object.fromEntries(names.map((name) => [name, dict[name]]));
    expect(made(mixed)).toBeUndefined();
    expect(dict2pytree(mixed)).toStrictEqual(tree);
  });

  it("leaves gaps, and none beyond the limit over all lists together", () => {
    const gaps = { "@a#1": 1, "@b#2": 2 };
    expect(made(gaps, { maxGaps: 3 })).toEqual({ tree: { a: [null, 1], b: [null, null, 2] } });
    expect(made(gaps, { maxGaps: 2 })).toBeUndefined();
    expect(() => dict2pytree(gaps, { maxGaps: 2 })).toThrow('"@b#2": a list of 3');
  });

  it("asks nothing of a list without end that a name has left", () => {
    expect(() => dict2pytree({ "@a#99999999999": 1, "@b": 2 })).toThrow("at most 1000000 are allowed");
  });

  it("names the conflict, also with a container that was made already", () => {
    const message = '"@a" and "@a@x" can\'t be in one tree';
    expect(() => dict2pytree({ "@a@x": 1, "@b": 2, "@a": 3 })).toThrow(message);
    expect(() => dict2pytree({ "@a": 3, "@b": 2, "@a@x": 1 })).toThrow(message);
  });
});
