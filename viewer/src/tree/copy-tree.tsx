// Buttons that copy or save the tree as text, as `p2s tree` prints it.
import { useState } from "preact/hooks";
import type { TreeNode } from "../../../src/cli/trees/node.ts";
import { copyText, fileNameOf, saveBlob } from "../ui/save.ts";

/** Which tree, and what it is called. */
export interface CopyTreeProps {
  readonly root: TreeNode;
  readonly title: string;
}

/** Copies to the clipboard, or saves a text file where that is not allowed. */
export function CopyTree({ root, title }: CopyTreeProps) {
  const [said, setSaid] = useState("");
  const text = async () => {
    const { treeText } = await import("./tree-text.ts");
    return treeText(root, title);
  };
  const save = async () =>
    saveBlob(new Blob([await text()], { type: "text/plain" }), `${fileNameOf(title)}.txt`);
  return (
    <div class="tools">
      <button
        type="button"
        onClick={async () =>
          setSaid(
            (await copyText(await text()))
              ? "Copied."
              : "The browser didn't allow copying. Save the tree instead.",
          )
        }
      >
        Copy tree as text
      </button>
      <button type="button" onClick={save}>
        Save tree as text
      </button>
      <span role="status">{said}</span>
    </div>
  );
}
