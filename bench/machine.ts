import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import process from "node:process";

/** What the figures were measured on, as lines of Markdown. */
export function describeMachine(python: string | undefined): string[] {
  const gib = Math.round(totalmem() / 2 ** 30);
  return [
    `- ${cpus()[0]!.model.trim()}, ${availableParallelism()} cores, ${gib} GiB memory, ${type()} ${release()}`,
    `- Node ${process.versions.node}, V8 ${process.versions.v8}`,
    `- pytree2safetensors ${versionOf(".")}, @jax-js/loaders ${versionOf("@jax-js/loaders")}, safetensors (npm) ${versionOf("safetensors")}, @huggingface/hub ${versionOf("@huggingface/hub")}`,
    python === undefined ? "- no Python on this machine" : `- ${python}`,
  ];
}

function versionOf(name: string): string {
  const path = name === "." ? "package.json" : `node_modules/${name}/package.json`;
  const { version } = JSON.parse(
    readFileSync(createRequire(`${process.cwd()}/`).resolve(`./${path}`), "utf8"),
  );
  return version;
}
