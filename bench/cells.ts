// What the pages' tables are made of.
import type { Spread } from "./statistics.ts";

/** A table; nothing where it has no rows. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  return [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A speed with what half of the rounds lie between. */
export function speedWithSpread({ median, low, high }: Spread): string {
  return `${speed(median)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** `1.23×`. */
export function speed(value: number): string {
  return `${value.toFixed(2)}×`;
}

/** `12 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** The first sentence of an explanation, without the topic that some begin with: `Saving: the disk decides`. */
export function firstSentence(text: string): string {
  const sentence = /^.*?[.!?](?= [A-Z`]|$)/s.exec(text)?.[0] ?? text;
  return sentence.replace(/^[A-Z][\w ]{2,24}: (.)/, (_, letter) => letter.toUpperCase());
}
