/** Key styles as options spell them. */
import { InvalidArgumentError } from "commander";
import { KEY_STYLES, type KeyStyleName } from "../../index.node.ts";

/** How the names of a file spell key paths, and how those of the result shall. */
export interface KeyStyles {
  readonly from: KeyStyleName | undefined;
  readonly to: KeyStyleName | undefined;
}

/** Reads `STYLE`. */
export function parseStyle(text: string): KeyStyleName {
  const style = (Object.keys(KEY_STYLES) as KeyStyleName[]).find((name) => name === text);
  if (style !== undefined) return style;
  throw new InvalidArgumentError(`Expected ${Object.keys(KEY_STYLES).join(", ")}.`);
}

/** Reads `TO` or `FROM:TO`. */
export function parseStyles(text: string): KeyStyles {
  const [first, second] = text.split(":", 2);
  return second === undefined
    ? { from: undefined, to: parseStyle(first!) }
    : {
        from: first === "" ? undefined : parseStyle(first!),
        to: second === "" ? undefined : parseStyle(second),
      };
}
