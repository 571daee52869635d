// Saves 4 MB to the path given, as the user id given if any, and prints what became of it. Run by path-sink.test.ts.
import { openSink } from "../../src/io/open-sink.ts";
import "../../src/io/platform.node.ts";

const [path, user] = process.argv.slice(2);
if (user !== undefined && process.getuid?.() === 0) process.setuid?.(Number(user));
try {
  const { sink } = await openSink(path!);
  try {
    await sink.write(new Uint8Array(4_000_000));
    await sink.close();
    console.log("saved");
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
} catch (error) {
  const { code, cause } = error as Error & { code: string };
  console.log(code, (cause as NodeJS.ErrnoException).code);
}
