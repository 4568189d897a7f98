/** Hands a file over to the browser's downloads. */

/** Milliseconds until the address of a file may end: the browser reads it soon after the click. */
const LIFE = 60_000;

/**
 * Download a file.
 *
 * @param file Its bytes.
 * @param name Its name in the folder of downloads.
 */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), LIFE);
}
