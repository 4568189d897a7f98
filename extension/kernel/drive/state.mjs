/**
 * The state of a file: `node.drive` of its node.
 *
 * | a file is | when | and then |
 * |---|---|---|
 * | clean | `version === stored` | forgotten, when it is not open |
 * | dirty | `version !== posted` | handed over when it is due and complete |
 * | on the way | `pending > 0` | clean or dirty, or in trouble, when the helper answers |
 * | in trouble | `problem` is set | handed over again at `retry`; listed by `unsaved()` |
 * | gone | `isGone` | never stored; it lives on while it is open |
 *
 * A failure sets `posted` back, so that the file is dirty again; a file that is too large is
 * not handed over until it changes.
 */
export class FileState {
  constructor(path) {
    this.path = path;
    /** Counts changes: the newest version, the one that was handed over, the one on the drive. */
    this.version = 0;
    this.posted = 0;
    this.stored = 0;
    this.pending = 0;
    this.opens = 0;
    /** Whether the node has the bytes. */
    this.isLoaded = false;
    this.isGone = false;
    /** Whether the ledger has it. */
    this.isNoted = false;
    /** Whether SQLite may be in the middle of writing, and of which version it was asked. */
    this.isUnsettled = false;
    this.asked = undefined;
    /** The version at the end of the last transaction that had a journal. */
    this.committed = 0;
    /** When it may be handed over again, and since when it has to be (milliseconds). */
    this.due = 0;
    this.since = Infinity;
    /** How often it may be handed over at once when it is closed, and until when that counts. */
    this.eagerLeft = 0;
    this.eagerUntil = 0;
    /** Why the drive doesn't have it; when that is tried again, and after how long. */
    this.problem = undefined;
    this.retry = 0;
    this.delay = 0;
    /** Whether the drive has some version of it, and when the page stored that (milliseconds). */
    this.isOnDrive = false;
    this.mtime = undefined;
    /** When the page last said that there is such a file, and how large and old it is. */
    this.seen = 0;
    this.checked = 0;
  }

  get isTooLarge() {
    return this.problem?.code === 'EFBIG';
  }

  get isDirty() {
    return this.version !== this.stored;
  }
}

/** The content of a node that is loaded. MEMFS keeps signed bytes, too. */
export function bytesOf({ contents, usedBytes }) {
  return new Uint8Array(contents.buffer, contents.byteOffset, Math.min(usedBytes, contents.length));
}
