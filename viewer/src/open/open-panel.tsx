// Where a person chooses what to open: files, a folder, an address, or what this site has stored.
import { useEffect, useState } from "preact/hooks";
import { formatBytes } from "../../../src/cli/terminal/sizes.ts";
import { visible } from "../tree/spell.ts";
import { filesOf, parseAddresses, storedFiles } from "./collect.ts";
import { type Checkpoint, groupFiles, type Input, type NamedFile } from "./input.ts";

/** What the panel is for, and who takes the choice. */
export interface OpenPanelProps {
  readonly title: string;
  readonly onOpen: (input: Input) => void;
}

/** The ways to open something. */
export function OpenPanel({ title, onOpen }: OpenPanelProps) {
  const [address, setAddress] = useState("");
  const [problem, setProblem] = useState("");
  const [stored, setStored] = useState<readonly NamedFile[]>([]);
  useEffect(() => {
    storedFiles().then(setStored);
  }, []);
  const choose = (event: Event & { readonly currentTarget: HTMLInputElement }) => {
    const { files } = event.currentTarget;
    if (files && files.length > 0) onOpen({ kind: "files", files: filesOf(files) });
    event.currentTarget.value = "";
  };
  return (
    <section class="open-panel" aria-label={title}>
      <h2>{title}</h2>
      <p>
        Drop safetensors files or a folder anywhere on this page, or paste an address. Files stay on this
        computer. Open two files to compare them, or the steps of a training run to plot its metrics.
      </p>
      <div class="choices">
        <label class="button">
          Choose files
          <input id="choose-files" type="file" multiple class="hidden" onChange={choose} />
        </label>
        <label class="button">
          Choose a folder
          <input
            id="choose-folder"
            type="file"
            class="hidden"
            onChange={choose}
            {...{ webkitdirectory: true }}
          />
        </label>
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const input = parseAddresses(address);
          if (input) onOpen(input);
          else setProblem("Enter an address that begins with https:// or hf://.");
        }}
      >
        <label for="address">Address</label>
        <input
          id="address"
          type="text"
          inputMode="url"
          placeholder="https://… or hf://owner/repository"
          value={address}
          onInput={(event) => {
            setAddress(event.currentTarget.value);
            setProblem("");
          }}
        />
        <button type="submit">Open</button>
        {problem ? <p role="alert">{problem}</p> : null}
      </form>
      {stored.length > 0 ? <Stored files={stored} onOpen={onOpen} /> : null}
    </section>
  );
}

function Stored({
  files,
  onOpen,
}: {
  readonly files: readonly NamedFile[];
  readonly onOpen: OpenPanelProps["onOpen"];
}) {
  const checkpoints = groupFiles(files).map((checkpoint) => ({ checkpoint, files: partsOf(checkpoint) }));
  return (
    <section aria-label="Stored by this site">
      <h3>Stored by this site</h3>
      <ul class="stored">
        {checkpoints.map(({ files: parts }) => (
          <li key={parts[0]!.path}>
            <button type="button" onClick={() => onOpen({ kind: "files", files: parts })}>
              {visible(parts[0]!.path)}
            </button>{" "}
            {formatBytes(parts.reduce((sum, { file }) => sum + file.size, 0))}
          </li>
        ))}
      </ul>
      {checkpoints.length > 1 ? (
        <button type="button" onClick={() => onOpen({ kind: "files", files })}>
          Open all
        </button>
      ) : null}
    </section>
  );
}

function partsOf(checkpoint: Checkpoint): readonly NamedFile[] {
  switch (checkpoint.kind) {
    case "file":
      return [checkpoint.file];
    case "index":
      return [checkpoint.index, ...checkpoint.shards];
    case "shards":
      return checkpoint.shards;
    case "address":
      return [];
  }
}
