export async function runInChromium(_: unknown) {
  return [];
}
