/**
 * Bytes of files that were closed and stored, so that opening one again need not wait for all
 * of it: the page is only asked whether it still has that version.
 */

/** Bytes of all of them; what was used longest ago goes first. */
const ROOM = 100e6;

export class Cache {
  constructor() {
    this.files = new Map();
    this.size = 0;
  }

  /** Keep the bytes of a version of a file; `mtime` is when the page stored it. */
  keep(path, bytes, mtime) {
    this.take(path);
    if (bytes.length > ROOM) return;
    this.files.set(path, { bytes, mtime });
    this.size += bytes.length;
    for (const each of this.files.keys()) {
      if (this.size <= ROOM) break;
      this.take(each);
    }
  }

  /** Give out what is kept of a file, once: whoever has it may change it. */
  take(path, mtime, size) {
    const found = this.files.get(path);
    if (!found) return undefined;
    this.files.delete(path);
    this.size -= found.bytes.length;
    return found.mtime === mtime && found.bytes.length === size ? found.bytes : undefined;
  }
}
