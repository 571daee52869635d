import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { promisify } from "node:util";
import { CHROMIUM } from "../../scripts/browser/chromium.ts";
import type { Workload } from "../workload.ts";

export const page: Workload = {
  name: "page",
  async run({ log, quick }) {
    const title = "The page";
    const intro =
      "The page in Chromium, against the library alone in the same browser, best of five: a sparse file of 10 GB with 100,000 tensors, and a tensor of 1 GiB of F32.";
    if (!existsSync(CHROMIUM)) return { title, intro: `${intro} There is no Chromium on this machine.` };
    log("page: the viewer in Chromium");
    const parts = quick ? ["memory", "size"] : [];
    const measure = ["--import", "tsx", "scripts/viewer/measure.ts", "--json", ...parts];
    const { stdout } = await promisify(execFile)(process.execPath, measure);
    return { title, intro, facts: JSON.parse(stdout) };
  },
};
