import type { NginxRequest } from "../http/nginx.ts";
import type { Result } from "../runtimes/harness.ts";

/** What the page asks of the runner, each an HTTP call to its control server. */
export interface Control {
  /** Takes what nginx was asked since the last call. */
  nginxLog(): Promise<NginxRequest[]>;
  /** Puts other bytes under the name of `data/changing.safetensors`. */
  changeFile(): Promise<void>;
  /** Has the runner choose the 10 GB file in the page's input. */
  chooseFile(): Promise<void>;
  /** The SHA-256 of the last file that was downloaded, once it is there. */
  downloaded(): Promise<string>;
  /** Sets how many bytes the page's origin may store; `null` lifts it. */
  limitQuota(bytes: number | null): Promise<void>;
  report(results: readonly Result[]): Promise<void>;
}

/** The page's side of the control server. */
export function controlAt(url: string): Control {
  const call = async (name: string, body: unknown = null) => {
    const response = await fetch(`${url}/${name}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
    return response.json();
  };
  return {
    nginxLog: () => call("nginxLog"),
    changeFile: () => call("changeFile"),
    chooseFile: () => call("chooseFile"),
    downloaded: () => call("downloaded"),
    limitQuota: (bytes) => call("limitQuota", bytes),
    report: (results) => call("report", results),
  };
}
