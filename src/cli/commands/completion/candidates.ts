/** What a word on the command line could go on as: paths, and names of tensors. */
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { openSafetensors } from "../../../index.node.ts";
import { isAddress } from "../../files/place.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { guessStyle } from "../../trees/key-styles.ts";
import { splitName } from "../../trees/names.ts";
import { inNaturalOrder } from "../../trees/natural.ts";

/** What the last word may become. */
export interface Candidates {
  readonly names: readonly string[];
  readonly paths: readonly string[];
}

// The scripts hand candidates to the shell, which expands what it finds in them: a name of a stranger's file must not be
// able to run anything. What is offered consists of characters that mean nothing to any shell.
const HARMLESS = /^[\w./][\w.@#/:,+-]*$/;
// More than a shell shows anyway.
const MAX_CANDIDATES = 500;

/** Finds candidates for the last of the words. Trouble of any kind means that there are none. */
export async function findCandidates(words: readonly string[], terminal: Terminal): Promise<Candidates> {
  const current = words.at(-1) ?? "";
  const [names, paths] = await Promise.all([namesFor(words, current, terminal), pathsFor(current)]);
  return { names: offered(names), paths: offered(paths) };
}

function offered(list: readonly string[]): string[] {
  return inNaturalOrder(new Set(list.filter((item) => HARMLESS.test(item)))).slice(0, MAX_CANDIDATES);
}

/** Names of the first word that is a file, up to the key that comes next. */
async function namesFor(words: readonly string[], current: string, terminal: Terminal): Promise<string[]> {
  for (const word of words.slice(1, -1)) {
    if (word.startsWith("-") || isAddress(word)) continue;
    try {
      await using file = await openSafetensors(word, { signal: terminal.signal, onWarning() {} });
      const style = guessStyle(file);
      const names = file.names.filter((name) => name.startsWith(current)).slice(0, 100 * MAX_CANDIDATES);
      const next = (typed: string) => names.map((name) => nextKey(name, typed, splitName(name, style)));
      // After a single candidate, a shell puts a space: it must be a whole name, so what is below it is offered instead.
      let found = next(current);
      while (names.length > 1 && found.every((name) => name === found[0])) {
        const further = next(found[0]!);
        if (further[0] === found[0]) break;
        found = further;
      }
      return found;
    } catch {
      // It is not a file, or not one that can be read.
    }
  }
  return [];
}

/** A name up to the end of the key that the word has begun. */
function nextKey(name: string, current: string, keys: readonly string[]): string {
  let end = 0;
  for (const key of keys) {
    end = name.indexOf(key, end) + key.length;
    if (end > current.length) break;
  }
  return name.slice(0, end);
}

async function pathsFor(current: string): Promise<string[]> {
  if (current.startsWith("-") || isAddress(current)) return [];
  const folder = current.endsWith("/") ? current : dirname(current);
  const typed = current.slice(0, current.lastIndexOf("/") + 1);
  try {
    const entries = await readdir(folder || ".", { withFileTypes: true });
    return entries
      .filter(({ name }) => !name.startsWith(".") && (typed + name).startsWith(current))
      .filter((entry) => !entry.isFile() || /\.(safetensors|json)$/.test(entry.name))
      .map((entry) => typed + entry.name + (entry.isDirectory() ? "/" : ""));
  } catch {
    return []; // a folder that is not there
  }
}
