/** What the hub's error answers mean, with the way out. */
import { printable, quote } from "../../../base/quote.ts";
import { httpError } from "../../sources/response.ts";
import { mayPass } from "../../sources/retry.ts";
import { type HubRepo, hubName } from "./address.ts";

/**
 * The error of an answer, by the code that the hub sends with it; `undefined` for one that may pass, or that says nothing
 * of the hub's own.
 */
export function hubError(
  response: Response,
  endpoint: string,
  repo: HubRepo,
  path: string,
  hadToken: boolean,
): Error | undefined {
  const { status, headers } = response;
  if (status < 400 || status === 416 || mayPass(status)) return undefined;
  const said = headers.get("x-error-message");
  const problem =
    reasonOf(headers.get("x-error-code"), status, endpoint, repo, path, hadToken) ??
    `the hub answered ${status}${said === null ? "" : `: ${printable(said, 300)}`}`;
  return httpError(printable(hubName(repo, path)), status, problem);
}

function reasonOf(
  code: string | null,
  status: number,
  endpoint: string,
  { type, id, revision }: HubRepo,
  path: string,
  hadToken: boolean,
): string | undefined {
  const page = `${endpoint}/${type === "model" ? "" : `${type}s/`}${id}`;
  const pass = "pass a token, as `hub: { token }` or HF_TOKEN";
  switch (code) {
    case "GatedRepo":
      return hadToken
        ? `access to this ${type} is restricted, and this token's account has none; ask for it at ${page}`
        : `access to this ${type} is restricted; ask for it at ${page}, then ${pass}`;
    case "RepoNotFound":
      return hadToken
        ? `there is no such ${type}, or this token may not see it; check the name, and what the token may do`
        : `there is no such ${type}, or it is private; check the name, or ${pass}`;
    case "RevisionNotFound":
      return `there is no revision ${quote(revision)}; check the branches and tags at ${page}`;
    case "EntryNotFound":
      return `there is no file ${quote(path)} at the revision ${quote(revision)}; see what there is at ${page}/tree/${printable(revision, 100)}`;
    default:
      return status === 401
        ? `the hub asks for a${hadToken ? "nother" : ""} token; ${hadToken ? "this one is not valid" : pass}`
        : undefined;
  }
}
