/** The one rule for names of files inside a folder: keys of stores, file names in an index, parts that a command writes. */

/**
 * Whether a name stays inside its folder, however a file system or a URL parser reads it: no drive, scheme, query,
 * fragment, backslash or control character (URL parsers drop some), no encoded dot, slash or backslash, and no part that
 * consists only of dots and spaces. `/` separates subfolders.
 */
export function isInside(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  if (/[\x00-\x1f\x7f\\:?#]|%(2e|2f|5c|00)/i.test(name)) return false;
  return name.split("/").every((part) => !/^[. ]*$/.test(part));
}
