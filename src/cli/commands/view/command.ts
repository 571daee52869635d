/** `view FILE…`: the page that shows checkpoints, served from this machine. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { UsageError } from "../../args/exit.ts";
import { examples } from "../../args/options.ts";
import { open } from "../../files/open.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { openBrowser } from "./browser.ts";
import { servedCheckpoint } from "./files.ts";
import { startServer } from "./server.ts";

interface Options {
  readonly open: boolean;
}

/** `view FILE…`: opens the viewer in a browser. */
export function viewCommand(terminal: Terminal): Command {
  const command = new Command("view")
    .summary("look at files in a browser: trees, values, histograms, comparisons")
    .description(
      "Opens the checkpoint viewer in a browser. The page and the files are served only on this machine, at an address that nobody can guess. Two files are compared. The steps of a training run are plotted as curves. Press Ctrl-C to stop.",
    )
    .argument("[files...]", "paths, URLs, or indexes of sharded checkpoints")
    .option("--no-open", "print the address instead of opening a browser")
    .action((places: string[], options: Options) => view(places, options, terminal));
  return examples(command, [
    ["view model.safetensors", "look at a file"],
    ["view before.safetensors after.safetensors", "see what changed"],
    ["view --no-open model.safetensors", "use it over ssh -L, without a browser on this machine"],
  ]);
}

async function view(places: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const checkpoints = [];
  for (const place of places) {
    // What can't be opened is said here, with the command's own messages.
    await using file = await open(place, terminal);
    checkpoints.push(await servedCheckpoint(place, file, terminal));
  }
  const { signal } = terminal;
  const server = await startServer(pageFolder(), checkpoints, signal);
  try {
    const opened = options.open && (await openBrowser(server.url));
    terminal.print(opened ? `Opened ${server.url}` : `Open ${server.url}`);
    terminal.print("Press Ctrl-C to stop.");
    await aborted(signal);
  } finally {
    await server.close();
  }
}

/** Where the package has the page: beside the bundled command, in `dist/viewer`. */
function pageFolder(): string {
  const candidates = ["../viewer/", "../../../../dist/viewer/"];
  const folders = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = folders.find((folder) => existsSync(new URL("index.html", `file://${folder}`)));
  if (found !== undefined) return found;
  throw new UsageError("the viewer is not built; run npm run build:viewer first");
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
