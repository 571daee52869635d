import { describe, expect, it } from "vitest";
import { childText, escapeXml, parseXml } from "../../../../src/io/stores/s3/xml.ts";
import { failure } from "../../support.ts";

describe("parseXml", () => {
  it("reads elements, attributes, namespaces, entities and empty elements", () => {
    const root = parseXml(
      '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<s3:List xmlns:s3="http://x/" a = \'1\'>\n <Key>a&amp;b&#x26;&#228;&lt;</Key><Empty/><Key>second</Key></s3:List>\n',
    );
    expect(root.name).toBe("List");
    expect(root.children.map(({ name }) => name)).toEqual(["Key", "Empty", "Key"]);
    expect(childText(root, "Key")).toBe("a&b&ä<");
    expect(childText(root, "Empty")).toBe("");
    expect(childText(root, "None")).toBeUndefined();
  });

  it("gives back what escapeXml escaped", () => {
    const text = `"&<>'\n]]> ü`;
    expect(parseXml(`<a>${escapeXml(text)}</a>`).text).toBe(text);
  });

  it.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "</a>",
    "<a/><b/>",
    "<a/>text",
    "<a>&nbsp;</a>",
    "<a>&</a>",
    "<a>&#0;</a>",
    "<a>&#xd800;</a>",
    "<a>&#x110000;</a>",
    "<!DOCTYPE a><a/>",
    '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    "<a><!-- c --></a>",
    "<a><![CDATA[x]]></a>",
    "<a b=1/>",
    " <?xml version='1.0'?><a/>",
    "<a>".repeat(100_000),
  ])("refuses %s", async (document) => {
    expect(await failure(() => parseXml(document))).toMatchObject({ code: "HttpError" });
  });
});
