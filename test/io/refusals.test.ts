import { describe, expect, it } from "vitest";
import { openSource } from "../../src/io/open-source.ts";
import "../../src/io/platform.node.ts";
import { type Handler, serve } from "./server.ts";
import { failure } from "./support.ts";

const answering =
  (status: number, body: string | Uint8Array = "", headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

/** The error of opening a URL, and of opening what was fetched from it. */
async function messages(handler: Handler): Promise<string[]> {
  const server = await serve(handler);
  const opened = await failure(() => openSource(server.url, { retries: 0 }));
  const response = await fetch(server.url);
  const fetched = await failure(() => openSource(response));
  for (const error of [opened, fetched])
    expect(error).toMatchObject({ code: "HttpError", status: response.status });
  await expect.poll(server.open).toBe(0);
  return [opened.message, fetched.message];
}

describe("a server that refuses", () => {
  it.each([
    [
      "plain text",
      "Repository is gated:\n  accept its terms",
      "text/plain",
      "Repository is gated: accept its terms",
    ],
    ["JSON", '{"status":1,"error":"Invalid \\"token\\""}', "application/json", 'Invalid "token"'],
    [
      "JSON with a message",
      '{"code":7,"message":"no such revision"}',
      "application/json",
      "no such revision",
    ],
    [
      "XML, as S3 has it",
      "<?xml?><Error><Code>AccessDenied</Code><Message>Access Denied</Message><Key>k</Key></Error>",
      "application/xml",
      "Access Denied",
    ],
    ["a page", "<html><head><title>Gone fishing</title></head><p>…</p></html>", "text/html", "Gone fishing"],
  ])("is quoted: %s", async (_, body, type, reason) => {
    for (const message of await messages(answering(404, body, { "content-type": type })))
      expect(message).toMatch(new RegExp(`the server answered 404 Not Found: ${reason}$`));
  });

  it("is quoted by its X-Error-Message first", async () => {
    const headers = { "x-error-message": "Access to model x is restricted", "content-type": "text/html" };
    for (const message of await messages(answering(403, "<title>no</title>", headers)))
      expect(message).toContain("403 Forbidden: Access to model x is restricted; give credentials");
  });

  it.each([401, 403])("with %s is told the credentials by `headers`", async (status) => {
    for (const message of await messages(answering(status))) expect(message).toContain("`headers`");
  });

  it("is quoted in a line, however long or strange its words are", async () => {
    const strange = `\u001b[31mred\u0007 \u202e${"long ".repeat(2000)}`;
    for (const message of await messages(
      answering(410, strange, { "content-type": "text/plain; charset=utf-8" }),
    )) {
      expect(message).toContain("\\u001b[31mred\\u0007 \\u202elong");
      expect(message.length).toBeLessThan(500);
    }
  });

  it("is not quoted if it sends anything else, or a body without an end", async () => {
    const binary = answering(404, new Uint8Array(5000), { "content-type": "application/octet-stream" });
    for (const message of await messages(binary)) expect(message).toMatch(/404 Not Found$/);
    const stuck: Handler = (_, response) =>
      void response.writeHead(404, { "content-type": "text/plain" }).write("the beginning");
    for (const message of await messages(stuck)) expect(message).toMatch(/404 Not Found: the beginning$/);
  });
});

describe("parts that can't be used", () => {
  it.each([
    ["a hidden Content-Range", {}],
    ["a compressed part", { "content-range": "bytes 0-9/10", "content-encoding": "gzip" }],
  ])("name the way out: %s", async (_, headers) => {
    const server = await serve(answering(206, "0123456789", headers as Record<string, string>));
    const { message } = await failure(() =>
      openSource(server.url, {
        fetch: async () => new Response("0123456789", { status: 206, headers }),
        retries: 0,
      }),
    );
    expect(message).toContain("loadFile(await fetch(url)) downloads it whole");
  });
});
