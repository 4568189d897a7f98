/**
 * Content of closed and stored files. Opening one again only asks the page whether it still has
 * that version.
 */

/** Limit of all content (bytes); the least recently used file is removed first. */
const ROOM = 100e6;

export class Cache {
  constructor() {
    this.files = new Map();
    this.size = 0;
  }

  /** Store the content of a version of a file; `mtime` is when the page stored it. */
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

  /** Remove and return the content of a file; the caller may change it. */
  take(path, mtime, size) {
    const found = this.files.get(path);
    if (!found) return undefined;
    this.files.delete(path);
    this.size -= found.bytes.length;
    return found.mtime === mtime && found.bytes.length === size ? found.bytes : undefined;
  }
}
