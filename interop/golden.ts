import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Check } from "./check.ts";

/** Compares the golden files of the repository with what Python has just generated. */
export function checkGolden(generated: string, golden: string): void {
  const check = new Check("golden files of test/fixtures/python: generated anew, the same");
  const [fresh, kept] = [generated, golden].map((folder) => readdirSync(folder).sort());
  check.expect(String(fresh) === String(kept), "other files; run interop/generate_fixtures.py");
  for (const file of fresh!) {
    if (kept!.includes(file)) {
      const same = readFileSync(join(generated, file)).equals(readFileSync(join(golden, file)));
      check.expect(same, `${file} differs`);
    }
    check.count("files");
  }
  check.close();
}
