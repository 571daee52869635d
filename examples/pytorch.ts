// Changes one tensor of a PyTorch file and writes it back. The other tensors are copied from file to file, and the
// metadata that PyTorch tools look for is kept.
//
//     npx tsx examples/pytorch.ts [MODEL] [OUTPUT]
//
// Without a file, it makes one with the names and the metadata of `safetensors.torch.save_file`.
import {
  type LazyTensor,
  loadPytree,
  openSafetensors,
  saveFile,
  savePytree,
  Tensor,
} from "pytree2safetensors";

const [source = "pytorch.safetensors", output = "changed.safetensors"] = process.argv.slice(2);
if (process.argv.length < 3) {
  const zeros = (shape: number[]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return Tensor.from(new Float32Array(size), { shape });
  };
  const model = {
    "encoder.layers.0.bias": zeros([4]),
    "encoder.layers.0.weight": zeros([4, 3]),
    "encoder.layers.1.bias": zeros([4]),
    "encoder.layers.1.weight": zeros([4, 4]).cast("BF16"),
    "head.weight": zeros([2, 4]),
  };
  await saveFile(model, source, { metadata: { format: "pt" } });
}

interface Model {
  encoder: { layers: { weight: LazyTensor | Tensor; bias: LazyTensor | Tensor }[] };
}

// `dotted` reads the names as PyTorch writes them. Nothing but the header is read.
const model = await loadPytree<Model>(source, { keys: "dotted", lazy: true });
const [layer] = model.encoder.layers;
const bias = layer!.bias as LazyTensor;
layer!.bias = Tensor.from([1, 2, 3, 4], { dtype: bias.dtype });

// `like` keeps the metadata of the file.
await savePytree(model, output, { keys: "dotted", like: bias.file });
await bias.file.close();

const changed = await openSafetensors(output);
try {
  for (const name of changed.names) {
    const { dtype, shape } = changed.info(name);
    console.log(`${name} ${dtype}[${shape}]`);
  }
  console.log("changed:", (await changed.tensor("encoder.layers.0.bias")).toArray());
  console.log("metadata format:", changed.metadata.format);
} finally {
  await changed.close();
}
