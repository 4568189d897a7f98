/**
 * Which files programs read: those of the drive in the ledger, others for as long as the kernel lives.
 *
 * An open for reading counts, whoever asks for it: Python, SQLite, or a library written in C.
 * A look at a name, size or time does not, and neither does what litestate itself reads.
 */

/** How many files are remembered. Who reads more has them from a folder that is better named. */
export const MOST = 10_000;
// Emscripten's, of <fcntl.h>.
const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_TRUNC = 512;
/** Where Python, its packages and the kernel are. */
const SYSTEM = ['/lib/', '/usr/', '/etc/', '/dev/', '/proc/'];

export class Reads {
  constructor(FS, mountpoint, ledger) {
    this.FS = FS;
    this.prefix = `${mountpoint}/`;
    this.ledger = ledger;
    /** How many of litestate's own functions run, which read for it alone. */
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

  /** Absolute paths of what this kernel has read elsewhere, or anywhere on the drive. */
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
