/** The variables and the file in which `huggingface_hub` keeps its endpoint and token. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { HubOptions } from "./options.ts";

/** What the variables say, and the file of the token where they don't. */
export async function readHubOptions(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<HubOptions> {
  const endpoint = env.HF_ENDPOINT || undefined;
  if (/^(1|on|yes|true)$/i.test(env.HF_HUB_DISABLE_IMPLICIT_TOKEN ?? "")) return { endpoint };
  const token = clean(env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN) ?? clean(await readToken(env));
  return { endpoint, token };
}

async function readToken(env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  const cache = env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const home = env.HF_HOME || join(cache, "huggingface");
  const path = env.HF_TOKEN_PATH || join(home, "token");
  // Nobody is logged in, or not for us to read.
  return readFile(path.replace(/^~(?=\/|$)/, homedir()), "utf8").catch(() => undefined);
}

function clean(token: string | undefined): string | undefined {
  return token?.replace(/[\r\n]/g, "").trim() || undefined;
}
