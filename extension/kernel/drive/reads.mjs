/**
 * Record of files that programs read: those of the drive in the ledger, others while the kernel lives.
 *
 * Opening for reading counts, by any program: Python, SQLite, or a library written in C.
 * Asking for a name, size or time does not count, nor do reads by litestate itself.
 */

/** How many files are recorded. A program that reads more should name their folder instead. */
export const MOST = 10_000;
// Emscripten's, of <fcntl.h>.
const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_TRUNC = 512;
/** Folders of Python, its packages and the kernel. */
const SYSTEM = ['/lib/', '/usr/', '/etc/', '/dev/', '/proc/'];

export class Reads {
  constructor(FS, mountpoint, ledger) {
    this.FS = FS;
    this.prefix = `${mountpoint}/`;
    this.ledger = ledger;
    /** Number of running functions of litestate, whose reads don't count. */
    this.paused = 0;
    /** Absolute paths that this kernel has read, the drive's among them. */
    this.paths = new Set();
    this.follow();
  }

  follow() {
    const { FS } = this;
    const { open } = FS;
    const reads = this;
    FS.open = function (...options) {
      const stream = open.apply(this, options);
      if (!reads.paused) reads.opened(stream);
      return stream;
    };
  }

  opened({ flags, path, node }) {
    if ((flags & O_ACCMODE) === O_WRONLY || flags & O_TRUNC || !this.FS.isFile(node.mode)) return;
    if (typeof path !== 'string' || SYSTEM.some((folder) => path.startsWith(folder))) return;
    if (this.paths.size < MOST) this.paths.add(path);
    if (path.startsWith(this.prefix)) this.note(path.slice(this.prefix.length), node);
  }

  note(path, { usedBytes }) {
    const { ledger } = this;
    const entry = ledger.get(path);
    if (entry?.written || entry?.read === usedBytes) return;
    if (entry?.read === undefined && ledger.countRead >= MOST) return;
    ledger.note(path, { read: usedBytes });
  }

  /** Pairs of path and size of the drive's files that were read and never written. */
  onDrive() {
    const pairs = [];
    for (const [path, { read, written }] of this.ledger.entries) {
      if (read !== undefined && !written) pairs.push([path, read]);
    }
    return pairs;
  }

  /** Absolute paths that this kernel has read elsewhere, or anywhere on the drive. */
  anywhere() {
    return [...this.paths];
  }

  pause() {
    this.paused++;
  }

  resume() {
    this.paused--;
  }
}
