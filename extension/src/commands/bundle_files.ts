/** Tells which files are bundles: by their name, or by their first bytes. */

import { isBundleName } from './texts';

/** Suffixes and types of bundles, for a file chooser. */
export const ACCEPTED = '.litestate.zip,.zip,application/zip';

/** The first member of a bundle, whose content says what the archive is. */
const FIRST_MEMBER = 'mimetype';

/** That content. */
const MIMETYPE = 'application/vnd.litestate+zip';

/** Bytes of the header of a member in a ZIP archive, without its name. */
const HEADER_SIZE = 30;

/** Begin of that header. */
const SIGNATURE = 'PK\u0003\u0004';

/** Bytes that are enough to tell; a header may have some hundred bytes of extra fields. */
const HEAD_SIZE = 4096;

/** Return whether a file is named like a ZIP archive of another kind. */
export function mayBeBundle(name: string): boolean {
  return /\.zip$/i.test(name) && !isBundleName(name);
}

/** Return whether a ZIP archive says that it is a bundle. */
export function isBundle(head: Uint8Array): boolean {
  const text = (start: number, length: number) =>
    String.fromCharCode(...head.subarray(start, start + length));
  if (head.length < HEADER_SIZE || text(0, 4) !== SIGNATURE) {
    return false;
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const nameSize = view.getUint16(26, true);
  const content = HEADER_SIZE + nameSize + view.getUint16(28, true);
  return (
    text(HEADER_SIZE, nameSize) === FIRST_MEMBER &&
    text(content, MIMETYPE.length) === MIMETYPE
  );
}

/** Return whether a file says that it is a bundle. */
export async function isBundleFile(file: Blob): Promise<boolean> {
  const head = await file.slice(0, HEAD_SIZE).arrayBuffer();
  return isBundle(new Uint8Array(head));
}
