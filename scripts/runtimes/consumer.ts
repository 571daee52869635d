import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { npm, root } from "./npm.ts";

/** An empty project with the package in its `node_modules`, installed as its users install it. */
export interface Consumer {
  readonly folder: string;
  remove(): void;
}

/**
 * Builds and packs the package, and installs the tarball into an empty project; with `--package PATH` on the
 * command line, that tarball or folder is installed instead.
 *
 * @param peers The optional peer dependencies to install beside it.
 */
export function makeConsumer(peers: readonly string[] = []): Consumer {
  const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-consumer-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    npm(
      folder,
      "install",
      "--ignore-scripts",
      "--no-package-lock",
      "--install-links",
      givenPackage() ?? pack(folder),
      ...peers,
    );
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}

function givenPackage(): string | undefined {
  const at = process.argv.indexOf("--package");
  return at < 0 ? undefined : resolve(process.argv[at + 1] ?? "");
}

function pack(folder: string): string {
  npm(root, "run", "build");
  const [packed] = JSON.parse(npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", folder));
  return join(folder, packed.filename);
}

/** Bundles a suite into the consumer's folder; the package stays outside, as it was installed. */
export async function bundleSuite(consumer: Consumer, entry: string, outfile: string): Promise<string> {
  const path = join(consumer.folder, outfile);
  await build({
    absWorkingDir: root,
    // The paths of the project's own tsconfig.json would lead to the sources.
    tsconfigRaw: {},
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["pytree2safetensors"],
    logLevel: "warning",
  });
  return path;
}
