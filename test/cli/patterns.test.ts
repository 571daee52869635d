import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchGlob } from "../../src/cli/args/glob.ts";
import { matcherOf, matches, renamerOf } from "../../src/cli/args/patterns.ts";

describe("matcherOf", () => {
  it.each([
    ["layers#1", "layers#1", true],
    ["layers#1", "layers#1.weight", true],
    ["layers#1", "layers#10.weight", false],
    ["layers#", "layers#10.weight", true],
    ["h.0", "h.0/w", true],
    ["*.bias", "a.b.bias", true],
    ["*.bias", "a.bias@scale", true],
    ["*.bias", "a.biases", false],
    ["h.?.w", "h.1.w", true],
    ["h.?.w", "h.10.w", false],
    ["h.*", "h.1.w", true],
    ["h.*", "x.h.1", false],
    ["a+b(c)", "a+b(c)", true],
    ["a.b", "axb", false],
    ["", "anything", true],
    ["x*", "x\ny", true],
  ])("%j on %j is %s", (pattern, name, matches) => {
    expect(matcherOf(pattern)(name)).toBe(matches);
  });
});

describe("renamerOf", () => {
  it.each([
    ["a=b", "a", "b"],
    ["a=b", "a.w", "b.w"],
    ["a=b", "ab.w", undefined],
    ["a.=b.", "a.w", "b.w"],
    ["model=", "model.w", "w"],
    ["model=", "model#0", "#0"],
    ["*.gamma=*.scale", "norm.gamma", "norm.scale"],
    ["h.*.attn.*=layers.*.attention.*", "h.3.attn.q.w", "layers.3.attention.q.w"],
    ["model.*=*", "model.w", "w"],
    ["*.w=fixed", "a.w", "fixed"],
    ["a=b=c", "a", "b=c"],
  ])("%j on %j gives %j", (rule, name, renamed) => {
    expect(renamerOf(rule)(name)).toBe(renamed);
  });

  it.each(["a", "=b", "a=*"])("refuses %j", (rule) => {
    expect(() => renamerOf(rule)).toThrow(rule);
  });
});

describe("matchGlob", () => {
  /** What a regular expression makes of the pattern, which is right but may take for ever. */
  const reference = (pattern: string, text: string) => {
    const source = pattern.replace(/[*?]|[^*?]+/g, (part) =>
      part === "*" ? "(.*)" : part === "?" ? "." : part.replace(/[\\^$.+()[\]{}|/]/g, "\\$&"),
    );
    return new RegExp(`^${source}$`, "su").exec(text)?.slice(1);
  };

  it("matches and captures as a regular expression does", () => {
    const text = fc.stringMatching(/^[ab.]{0,10}$/);
    fc.assert(
      fc.property(fc.stringMatching(/^[ab.*?]{0,7}$/), text, (pattern, text) => {
        const captures = matchGlob(pattern, text)?.map(([start, end]) => text.slice(start, end));
        expect(captures).toEqual(reference(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });

  it("takes a character of two halves for one", () => {
    expect(matchGlob("a?b", "a\u{1f600}b")).toBeDefined();
    expect(matchGlob("a??b", "a\u{1f600}b")).toBeUndefined();
  });

  it.each(["*a*a*a*a*b", "*a*a*a*a*b*", "a*a*a*a*a?b", `${"*a".repeat(50)}*b`, "**********b"])(
    "looks at most as often at characters as name times pattern: %s",
    (pattern) => {
      const steps = (length: number) => {
        let count = 0;
        const text = {
          length,
          charCodeAt() {
            count++;
            return 97;
          },
        };
        matches(pattern, text);
        return count;
      };
      // Six patterns are tried, for what may follow.
      expect(steps(3000)).toBeLessThanOrEqual(6 * 3000 * (pattern.length + 2));
      expect(steps(6000)).toBeLessThanOrEqual(2.2 * steps(3000));
    },
  );
});
