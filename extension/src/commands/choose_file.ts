/** Lets the user choose a file. */

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
