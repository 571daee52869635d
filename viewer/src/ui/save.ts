// Hands files to the person: as downloads, or over the clipboard.

/** Offers a file as a download. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has the data by then, whatever the browser asks first.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name of a tensor as part of a file's name, whatever is in it. */
export function fileNameOf(name: string): string {
  return name.replace(/[^\w.@#-]+/g, "_").slice(0, 100) || "tensor";
}

/** Puts text on the clipboard, where the browser allows it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
