/** The XML that S3 answers with: a strict reader of the small part of XML that these answers use. */
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";

/** An element: its name without a namespace prefix, its child elements, and its own text. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

// S3's deepest answer has five levels.
const MAX_DEPTH = 32;

const TOKEN =
  /<\?xml[^<>]*\?>|<(?<close>\/?)(?<name>[A-Za-z_][\w.:-]*)(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(?<empty>\/?)>|(?<text>[^<]+)/y;

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Reads a document. Comments, CDATA, DOCTYPE and entities of its own don't occur in S3's answers and are refused. */
export function parseXml(document: string): XmlElement {
  const text = document.replace(/^\ufeff/, "");
  const root = { name: "", children: [] as XmlElement[], text: "" };
  const open: { name: string; children: XmlElement[]; text: string }[] = [root];
  const scanner = new RegExp(TOKEN);
  for (let at = 0; at < text.length; at = scanner.lastIndex) {
    scanner.lastIndex = at;
    const groups = scanner.exec(text)?.groups;
    if (groups === undefined) throw invalid(`unexpected ${quote(text.slice(at, at + 20))} at ${at}`);
    const { close, name, empty, text: content } = groups;
    const parent = open.at(-1)!;
    if (content !== undefined) {
      parent.text += decodeEntities(content);
    } else if (name === undefined) {
      if (at > 0) throw invalid("an XML declaration that doesn't come first");
    } else if (close === "/") {
      if (open.length === 1 || parent.name !== localName(name))
        throw invalid(`an unexpected end of ${quote(name)}`);
      open.pop();
    } else {
      if (open.length === 1 && root.children.length > 0) throw invalid("a second root element");
      if (open.length > MAX_DEPTH) throw invalid(`more than ${MAX_DEPTH} levels`);
      const element = { name: localName(name), children: [], text: "" };
      parent.children.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  const element = root.children[0];
  if (element === undefined || open.length > 1) throw invalid("the document ends too early");
  if (root.text.trim() !== "") throw invalid("text outside the root element");
  return element;
}

/** The text of the first child of that name, if there is one. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** Text as it stands between tags. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function decodeEntities(text: string): string {
  return text.replace(/&([^;&]{0,10};)?/g, (entity, body: string | undefined) => {
    const name = body?.slice(0, -1) ?? "";
    const code = /^#(?:x([0-9a-f]+)|([0-9]+))$/i.exec(name);
    if (code !== null) {
      const point = code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16);
      if (point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000))
        return String.fromCodePoint(point);
    } else if (Object.hasOwn(ENTITIES, name)) {
      return ENTITIES[name]!;
    }
    throw invalid(`the entity ${quote(entity)}`);
  });
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function invalid(problem: string): Error {
  return new Pytree2SafetensorsError("HttpError", `can't read the server's XML: ${problem}`);
}
