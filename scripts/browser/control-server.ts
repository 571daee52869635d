import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Control } from "../../test/browser/control.ts";

/** What the page's calls do here. */
export type Actions = { readonly [Name in keyof Control]: (body: unknown) => unknown };

/** Answers the page's calls: a name in the path, JSON both ways. */
export async function startControl(actions: Actions): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      const action = actions[(request.url ?? "").slice(1) as keyof Actions];
      const result = await action(JSON.parse(Buffer.concat(chunks).toString() || "null"));
      response.end(JSON.stringify(result ?? null));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
