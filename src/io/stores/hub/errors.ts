/** What the hub's error answers mean, with the way out. */
import { printable, quote } from "../../../base/quote.ts";
import { httpError } from "../../sources/response.ts";
import { mayPass } from "../../sources/retry.ts";
import { type HubRepo, hubName, repoPath } from "./address.ts";

/**
 * The error of an answer, by the code that the hub sends with it; `undefined` for one that may pass, or that says nothing
 * of the hub's own.
 */
export function hubError(
  { status, headers }: Response,
  endpoint: string,
  repo: HubRepo,
  path: string,
  hadToken: boolean,
): Error | undefined {
  if (status < 400 || status === 416 || mayPass(status)) return undefined;
  const { type, revision } = repo;
  const page = `${endpoint}/${repoPath(repo)}`;
  const pass = "pass a token, as `hub: { token }` or HF_TOKEN";
  const reasons: Readonly<Record<string, string>> = {
    GatedRepo: hadToken
      ? `access to this ${type} is restricted, and this token's account has none; ask for it at ${page}`
      : `access to this ${type} is restricted; ask for it at ${page}, then ${pass}`,
    RepoNotFound: hadToken
      ? `there is no such ${type}, or this token may not see it; check the name, and what the token may do`
      : `there is no such ${type}, or it is private; check the name, or ${pass}`,
    RevisionNotFound: `there is no revision ${quote(revision)}; check the branches and tags at ${page}`,
    EntryNotFound: `there is no file ${quote(path)} at the revision ${quote(revision)}; see what there is at ${page}/tree/${printable(revision, 100)}`,
  };
  const code = headers.get("x-error-code") ?? "";
  let problem = Object.hasOwn(reasons, code) ? reasons[code]! : undefined;
  if (problem === undefined && status === 401) {
    problem = `the hub asks for a${hadToken ? "nother token; this one is not valid" : ` token; ${pass}`}`;
  }
  if (problem === undefined) {
    const said = headers.get("x-error-message");
    problem = `the hub answered ${status}${said === null ? "" : `: ${printable(said, 300)}`}`;
  }
  return httpError(printable(hubName(repo, path)), status, problem);
}
