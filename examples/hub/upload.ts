// Uploads a tree to the hub without a copy on disk: `upload.ts owner/repo`.
// HF_TOKEN is the token.
import { uploadFile } from "@huggingface/hub";
import { serialize, Tensor } from "pytree2safetensors";

const params = {
  embedding: new Tensor("F32", [1000, 64], new Float32Array(64_000).fill(0.5)),
  layers: [{ w: new Tensor("F32", [64, 64], new Float32Array(4096).fill(1)), b: Tensor.from([1, 2, 3]) }],
};

const serialized = await serialize(params);
await uploadFile({
  repo: process.argv[2]!,
  file: { path: "model.safetensors", content: await serialized.blob() },
  commitTitle: "Upload the model",
  ...(process.env.HF_TOKEN && { accessToken: process.env.HF_TOKEN }),
  ...(process.env.HF_ENDPOINT && { hubUrl: process.env.HF_ENDPOINT }),
});
