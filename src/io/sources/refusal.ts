/** The errors of servers that refuse: what they answered, and what they said of the reason. */
import type { Pytree2SafetensorsError } from "../../base/errors.ts";
import { printable } from "../../base/quote.ts";
import { httpError, readChunks } from "./response.ts";
import { mayPass, retryAfter, Transient } from "./retry.ts";

// A reason is a line or two; the rest of a body is a page for people.
const MAX_BODY_BYTES = 4096;
const MAX_REASON = 300;
// The status is known already: its error doesn't wait for long.
const PATIENCE_MS = 500;

/** The error of a status that isn't the file; those of a busy or failing server may pass. */
export async function refusal(
  response: Response,
  name: string,
): Promise<Transient | Pytree2SafetensorsError> {
  const { status } = response;
  const error = await refusalError(response, name);
  return mayPass(status) ? new Transient(error, retryAfter(response.headers.get("retry-after"))) : error;
}

/** The same for a response that the caller fetched. */
export async function refusalError(response: Response, name: string): Promise<Pytree2SafetensorsError> {
  const { status, statusText } = response;
  const answered = `the server answered ${status} ${printable(statusText, 100)}`.trim();
  const reason = response.headers.get("x-error-message") ?? reasonIn(await bodyOf(response));
  const said = reason ? `: ${printable(reason, MAX_REASON)}` : "";
  const advice =
    status === 401 || status === 403
      ? '; give credentials by `headers`, such as { authorization: "Bearer …" }, or check those that were sent'
      : "";
  return httpError(name, status, answered + said + advice);
}

/** The beginning of a text that came in place of the file. */
async function bodyOf(response: Response): Promise<string> {
  const type = response.headers.get("content-type") ?? "text/plain";
  if (!/^text\/|json|xml/i.test(type) || response.bodyUsed) return "";
  const decoder = new TextDecoder();
  let text = "";
  const take = (chunk: Uint8Array) => {
    text += decoder.decode(chunk.subarray(0, MAX_BODY_BYTES), { stream: true });
    if (text.length >= MAX_BODY_BYTES) throw new Error("enough");
  };
  // What came until it ends, breaks off or takes too long is what there is to say.
  await readChunks(response, take, AbortSignal.timeout(PATIENCE_MS)).catch(() => {});
  return text;
}

/** What a body says of the reason: the message of JSON or XML, the title of a page, else the text. */
function reasonIn(body: string): string {
  const text = body.trim();
  const json = /"(?:message|error|error_description|detail)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  if (text.startsWith("{") && json !== undefined) return unescaped(json);
  const marked = /<(message|title)>([^<]*)</i.exec(text)?.[2];
  if (text.startsWith("<")) return marked?.trim() ?? "";
  return text.replace(/\s+/g, " ");
}

function unescaped(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}
