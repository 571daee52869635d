// Changes one tensor of a file on the hub: `edit.ts owner/repo @layers#0@w`.
// HF_TOKEN is the token.
import { commit, downloadFile } from "@huggingface/hub";

const [repo, name] = process.argv.slice(2) as [string, string];
const path = "model.safetensors";
const hub = {
  ...(process.env.HF_TOKEN && { accessToken: process.env.HF_TOKEN }),
  ...(process.env.HF_ENDPOINT && { hubUrl: process.env.HF_ENDPOINT }),
};

// Lazy: what is read of it is fetched as a range.
const original = await downloadFile({ repo, path, ...hub });
if (original === null) throw new Error(`${repo} has no ${path}`);

// The header says where the tensor's bytes are.
const prefix = await original.slice(0, 8).arrayBuffer();
const length = Number(new DataView(prefix).getBigUint64(0, true));
const header = JSON.parse(await original.slice(8, 8 + length).text());
if (!header[name]) throw new Error(`${path} has no tensor ${name}`);
const [begin, end] = header[name].data_offsets.map((offset: number) => 8 + length + offset);

const changed = new Float32Array((end - begin) / 4).fill(2);
await commit({
  repo,
  title: `Change ${name}`,
  operations: [
    {
      operation: "edit",
      path,
      originalContent: original,
      edits: [{ start: begin, end, content: new Blob([changed]) }],
    },
  ],
  ...hub,
});
