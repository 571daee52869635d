import {
  loadPytree,
  openSafetensors,
  pytree2dict,
  save,
  savePytree,
  serialize,
  type Tensor,
} from "pytree2safetensors";
import { BIG, bigName, bigRow } from "../huge/sparse-layout.ts";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { model } from "../runtimes/support.ts";
import type { PageConfig } from "./config.ts";
import { type Control, controlAt } from "./control.ts";

/** What pages have: relative URLs, other origins, chosen files, downloads. The server is nginx. */
export function pageTests({ other, control: controlUrl, driven }: PageConfig): void {
  const control = controlAt(controlUrl);
  readingTests(other, control);
  if (driven) userTests(control);
}

function readingTests(other: string, control: Control): void {
  describe("reading in a page", () => {
    it("takes relative URLs", async () => {
      equal(await loadPytree("../data/model.safetensors"), model(), "path");
      equal(await loadPytree("/data/model.safetensors"), model(), "absolute path");
      equal(await loadPytree("../data/sharded/model.safetensors.index.json"), model(), "sharded");
    });

    it("takes one tensor of a 10 GB file for its own bytes, the header and 64 KiB, in two requests", async () => {
      await control.nginxLog();
      const file = await openSafetensors("/data/big.safetensors");
      ok(file.byteLength > 10e9, `${file.byteLength} bytes`);
      const header = file.byteLength - BIG.tensors * BIG.tensorBytes;
      const opening = await control.nginxLog();
      const tensor = await file.tensor(bigName(BIG.tensors - 1));
      equal(tensor.data.subarray(0, BIG.columns), bigRow(BIG.tensors - 1), "first row");
      const reading = await control.nginxLog();
      ok(reading.length <= 2, `${reading.length} requests`);
      const bytes = [...opening, ...reading].reduce((sum, request) => sum + request.bytes, 0);
      ok(bytes <= BIG.tensorBytes + header + 65_536, `${bytes} bytes`);
      const row = await file.slice(bigName(BIG.tensors - 2), [0]);
      equal(row.data, bigRow(BIG.tensors - 2), "a row");
      equal(
        (await control.nginxLog()).map((request) => request.bytes),
        [BIG.rowBytes],
        "bytes of a row",
      );
    });

    it("reads other origins without asking for leave first, where their headers can be seen", async () => {
      await control.nginxLog();
      equal(await loadPytree(`${other}/data/model.safetensors`), model(), "tree");
      equal(await loadPytree("/away/model.safetensors"), model(), "redirected there");
      const methods = new Set((await control.nginxLog()).map(({ method }) => method));
      equal([...methods], ["GET"], "methods");
    });

    it("says which headers another origin must show", async () => {
      const error = await rejects(() => openSafetensors(`${other}/hidden/model.safetensors`), "HttpError");
      ok(/Access-Control-Expose-Headers: Content-Range/.test(error.message), error.message);
    });

    it("tells of a file that changed on the server", async () => {
      const file = await openSafetensors("/data/changing.safetensors");
      await control.changeFile();
      await rejects(() => file.tensor("@embedding"), "SourceChanged");
    });

    it("reads what a server compresses, whole, as the browser unpacks it", async () => {
      equal(await loadPytree("/gzip/model.safetensors"), model(), "tree");
      equal(await loadPytree("/whole/model.safetensors"), model(), "without ranges");
    });

    it("has no paths to write to, and says what there is instead", async () => {
      const error = await rejects(() => savePytree(model(), "model.safetensors"), "UnsupportedSink");
      ok(/OPFS/.test(error.message), error.message);
      await rejects(() => loadPytree("file:///model.safetensors"), "UnsupportedSource");
    });
  });
}

function userTests(control: Control): void {
  describe("the user's files", () => {
    it("are opened at once however large: a chosen File of 10 GB", async () => {
      const input = document.createElement("input");
      input.type = "file";
      input.id = "chosen";
      document.body.append(input);
      await control.chooseFile();
      const chosen = input.files![0]!;
      ok(chosen.size > 10e9, `${chosen.size} bytes`);
      const file = await openSafetensors(chosen);
      const row = await file.slice(bigName(BIG.tensors - 1), [0]);
      equal(row.data, bigRow(BIG.tensors - 1), "a row of its last tensor");
      input.remove();
    });

    it("are downloaded from the Blob that serialize makes", async () => {
      const blob = await (await serialize(model())).blob();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "model.safetensors";
      link.click();
      const bytes = save(pytree2dict(model()) as Record<string, Tensor>);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const expected = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      equal(await control.downloaded(), expected, "SHA-256");
    });
  });
}
