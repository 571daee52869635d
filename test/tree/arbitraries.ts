import fc from "fast-check";

/** Names that have broken things: inherited ones, empty, long, odd characters, lone surrogates, digits. */
export const plainName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "__metadata__",
    "",
    "0",
    "01",
    "10",
    "-1",
    "4294967295",
    "a",
    "b",
    "w",
    "\u{1F600}",
    "\uff5e",
    "\ud800",
    "\udfff",
    "é",
    "é",
    "\0",
    " ",
    "a/b",
    "'\"\\",
  ),
  fc.string({ unit: "binary", maxLength: 4 }).map((name) => name.replace(/[.@#]/g, "")),
);

/** Names that contain separators of key strings. */
export const separatorName: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(".", "@", "#", "a", "0", "1"),
  maxLength: 5,
});

/** Any name at all. */
export const anyName: fc.Arbitrary<string> = fc.oneof({ weight: 3, arbitrary: plainName }, separatorName);
