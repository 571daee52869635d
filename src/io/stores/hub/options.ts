/** Which hub, and who asks: by option, or by what the environment says. */
import { invalidArgument } from "../../../base/arguments.ts";
import { quote } from "../../../base/quote.ts";
import { getPlatform } from "../../platform.ts";

/** How to reach the Hugging Face Hub. */
export interface HubOptions {
  /** The hub's URL; `HF_ENDPOINT` or `https://huggingface.co` by default. */
  readonly endpoint?: string | undefined;
  /**
   * An access token. By default `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN` or the file that `hf auth login` writes, where there
   * is an environment. With an empty string, no token is sent. The token is sent only to the endpoint, to no other host.
   */
  readonly token?: string | undefined;
}

const DEFAULT_ENDPOINT = "https://huggingface.co";

/** The options with what the environment adds. */
export async function resolveHubOptions(
  options: HubOptions,
): Promise<HubOptions & { readonly endpoint: string }> {
  const found = (await getPlatform()?.readHubOptions()) ?? {};
  const usual = checkEndpoint(found.endpoint ?? DEFAULT_ENDPOINT);
  const endpoint = options.endpoint === undefined ? usual : checkEndpoint(options.endpoint);
  // A token of the environment is for the hub of the environment.
  const token = options.token ?? (endpoint === usual ? found.token : undefined);
  return { endpoint, token };
}

function checkEndpoint(endpoint: string): string {
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))
    return endpoint.replace(/\/+$/, "");
  throw invalidArgument("the hub's endpoint", "an http or https URL", endpoint, quote(endpoint));
}
