/**
 * Record of the files that kernels of this site wrote or read, and of times and modes that the
 * drive doesn't store.
 *
 * It is in IndexedDB, because it has to survive a reload as the files do; other kernels of the site
 * receive every change. In a site that has its files in memory, it is in memory, too.
 * An entry is `{written, by, read, mtime, mode, stored}`: `mtime` is valid while the drive reports
 * that the file was stored at `stored`. `by` names the notebook that wrote last, or a kernel whose
 * notebook is unknown. `read` is the size (bytes) that the file had when it was read.
 */

const STORE = 'files';
/** Milliseconds by which one time may differ after it has been through Python. */
const SAME_TIME = 2;

export class Ledger {
  /**
   * @param site identifies this site's drive on the origin
   * @param isTemporary whether the drive's content ends with the page, and so this record does
   */
  constructor(site, isTemporary) {
    this.entries = new Map();
    /** How many entries are of files that were read. */
    this.countRead = 0;
    this.changed = new Map();
    this.database = undefined;
    this.isDue = false;
    this.unnamed = `kernel ${crypto.randomUUID()}`;
    this.owner = this.unnamed;
    /** All identities of this kernel: earlier writes belong to its present notebook. */
    this.names = new Set([this.owner]);
    /** Files that this kernel wrote and the drive has not stored yet. */
    this.writing = new Set();
    const name = `litestate drive ${site}`;
    this.others = new BroadcastChannel(name);
    this.others.onmessage = ({ data }) => this.apply(...data);
    this.ready = isTemporary ? Promise.resolve() : this.open(name).catch((error) => {
      console.warn('litestate: files written on the drive cannot be recorded', error);
    });
  }

  get(path) {
    return this.entries.get(path);
  }

  /** Paths that kernels wrote. */
  written() {
    const paths = [];
    for (const [path, entry] of this.entries) if (entry.written) paths.push(path);
    return paths;
  }

  /** Whether the drive has stored the version of a time, or a newer one (milliseconds). */
  has(path, mtime) {
    const entry = this.entries.get(path);
    return Boolean(entry?.stored) && entry.mtime >= mtime;
  }

  /** Set the notebook of this kernel, which gets its earlier writes, too. */
  own(name) {
    const before = this.owner;
    this.owner = name;
    this.names.add(name);
    if (before !== this.unnamed) return;
    for (const [path, entry] of this.entries) {
      if (entry.by === before) this.keep(path, { ...entry, by: name });
    }
  }

  /**
   * Find the writer of a version of a file or a folder.
   *
   * @param mtime of the version (milliseconds); of a folder undefined
   * @returns undefined if no kernel of this site did, '' if it is not known which one
   */
  writer(path, mtime) {
    if (this.writing.has(path)) return this.owner;
    const entry = this.entries.get(path);
    if (!entry?.written) return undefined;
    if (mtime !== undefined && !(Math.abs(entry.mtime - mtime) < SAME_TIME)) return undefined;
    return this.names.has(entry.by) ? this.owner : (entry.by ?? '');
  }

  /** Record facts of a path: some of `written`, `read`, `mtime`, `mode`, `stored`. */
  note(path, values) {
    const by = values.written ? { by: this.owner } : {};
    this.keep(path, { ...this.entries.get(path), ...values, ...by });
  }

  /** Forget a path and what is below it. */
  forget(path) {
    for (const each of this.entries.keys()) {
      if (each === path || each.startsWith(`${path}/`)) this.keep(each, undefined);
    }
    this.writing.delete(path);
  }

  keep(path, entry) {
    this.apply(path, entry);
    this.others.postMessage([path, entry]);
    this.changed.set(path, entry);
    if (!this.database || this.isDue) return;
    this.isDue = true;
    queueMicrotask(() => this.flush());
  }

  apply(path, entry) {
    const isRead = (each) => Number(each?.read !== undefined);
    this.countRead += isRead(entry) - isRead(this.entries.get(path));
    if (entry) this.entries.set(path, entry);
    else this.entries.delete(path);
  }

  flush() {
    this.isDue = false;
    const changed = this.changed;
    this.changed = new Map();
    try {
      const store = this.database.transaction(STORE, 'readwrite').objectStore(STORE);
      for (const [path, entry] of changed) {
        if (entry) store.put(entry, path);
        else store.delete(path);
      }
    } catch (error) {
      console.warn('litestate: files written on the drive cannot be recorded', error);
    }
  }

  async open(name) {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const database = await done(opening);
    const store = database.transaction(STORE).objectStore(STORE);
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    keys.forEach((path, index) => {
      if (!this.changed.has(path)) this.apply(path, values[index]);
    });
    this.database = database;
    this.flush();
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
