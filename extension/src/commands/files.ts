/** Files between the page and the user's computer. */

/** Milliseconds until the address of a download is given back; browsers read it at once. */
const LIFETIME = 60_000;

/** Download a file; nothing of it stays in the notebook. */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  // Firefox clicks only what is in the page.
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), LIFETIME);
}

/**
 * Let the user choose a file; call it while a click or a key is handled, or browsers refuse.
 *
 * @param accept Suffixes and types of the files to offer.
 * @returns The file, or null if the user has chosen none.
 */
export function choose(accept: string): Promise<File | null> {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = accept;
  return new Promise(resolve => {
    input.addEventListener('change', () => resolve(input.files?.[0] ?? null));
    input.addEventListener('cancel', () => resolve(null));
    input.click();
  });
}
