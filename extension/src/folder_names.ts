/**
 * The names of folders in the browser's private files (OPFS), as `folder_name` in
 * `litestate/storage/interface.py` makes them.
 */

import { blake2b } from '@noble/hashes/blake2.js';

/** Most characters of a name. */
const MAX_NAME = 120;

/** Names that no file on Windows can have, with any suffix. */
const DEVICE = /^(con|prn|aux|nul|(com|lpt)\d)$/;

/** Characters that Python's `quote(…, safe="")` leaves alone. */
const PLAIN = /[A-Za-z0-9_.~-]/;

/** Return the unique folder name for a text, such as the name of a notebook. */
export function folderName(text: string): string {
  const data = new TextEncoder().encode(text);
  const quoted = Array.from(data, quote).join('');
  const isPlain =
    text !== '' &&
    !/^\.|\.$/.test(quoted) &&
    !/[A-Z]/.test(text) &&
    quoted.length <= MAX_NAME &&
    !DEVICE.test(quoted.split('.', 1)[0]);
  if (isPlain) {
    return quoted;
  }
  const digest = Array.from(blake2b(data, { dkLen: 8 }), hex).join('');
  const rest = quoted.slice(0, MAX_NAME - digest.length - 1);
  return `${digest}=${rest.replace(/\.+$/, '')}`;
}

function quote(byte: number): string {
  const character = String.fromCharCode(byte);
  return PLAIN.test(character) ? character : `%${hex(byte).toUpperCase()}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
