// A page that opens checkpoints, keeps its own in the browser's storage, and goes on from it after a reload.
//
//     npx vite examples/browser
import { loadPytree, openSafetensors, savePytree, serialize } from "pytree2safetensors";

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const status = element("status");

// 1. A file that the user chooses: its header is read at once, tensors when they are asked for. Any size will do.
element<HTMLInputElement>("file").addEventListener("change", async ({ target }) => {
  const [chosen] = (target as HTMLInputElement).files ?? [];
  if (chosen === undefined) return;
  try {
    const file = await openSafetensors(chosen);
    element("names").textContent = file.names
      .map((name) => {
        const { dtype, shape } = file.info(name);
        return `${name}  ${dtype}[${shape}]`;
      })
      .join("\n");
    status.textContent = `${file.names.length} tensors, ${file.byteLength} bytes`;
  } catch (error) {
    status.textContent = String(error);
  }
});

// 2. A training state in the browser's storage. The fit of a line to points stands for the model.
interface State {
  step: number;
  slope: number;
  losses: number[];
}

const folder = await navigator.storage.getDirectory();
const handle = await folder.getFileHandle("state.safetensors", { create: true });
const isSaved = (await handle.getFile()).size > 0;
const state: State = isSaved ? await loadPytree<State>(handle) : { step: 0, slope: 0, losses: [] };
const describe = () => `step ${state.step}, slope ${state.slope.toFixed(3)}`;
status.textContent = isSaved ? `restored ${describe()}` : "a fresh state";

element("train").addEventListener("click", async () => {
  for (let i = 0; i < 100; i++) {
    const x = Math.sin(++state.step);
    const error = state.slope * x - 3 * x;
    state.slope -= 0.1 * error * x;
    if (i % 10 === 0) state.losses.push(error * error);
  }
  await savePytree(state, handle); // the old file stays until the new one is complete
  status.textContent = `saved ${describe()}`;
});

// 3. The same state as a download.
element("download").addEventListener("click", async () => {
  const link = document.createElement("a");
  link.download = "state.safetensors";
  link.href = URL.createObjectURL(await (await serialize(state)).blob());
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});
