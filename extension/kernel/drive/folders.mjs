/**
 * Contents of the drive's folders, as reported by the page.
 *
 * An answer is valid until the event loop turns, at the end of the cell or at an `await`, so the
 * next cell sees changes in the file browser. In a long cell it's valid for a second, or longer
 * if requests take long.
 */

import { isAmbiguous, join, split, stored } from './names.mjs';

const BELIEVED = 1000; // Milliseconds.
const BELIEVED_PER_COST = 20;
/** Milliseconds that a listing is assumed to take before one was made. */
const FIRST_GUESS = 30;
/** The page makes a folder under such a name, and then gives it the right one. */
const UNFINISHED = /^Untitled Folder\d*$/;

class Folder {
  constructor() {
    /** Names in the last listing; undefined if there was none. */
    this.names = undefined;
    /** Kinds of the requested names, which don't change while the name exists. */
    this.modes = new Map();
    this.mtime = undefined;
    /** Names that the kernel deleted and the page may still have. */
    this.gone = new Map();
    /** Missing names, and when the page reported that. */
    this.absent = new Map();
    this.spent = 0;
    this.cost = FIRST_GUESS;
    this.until = 0;
    /** Whether the kernel made it, so that its content need not be requested. */
    this.isNew = false;
    /** How many folders in it the helper is asked to make. */
    this.making = 0;
  }
}

export class Folders {
  constructor(remote, ledger) {
    this.remote = remote;
    this.ledger = ledger;
    this.known = new Map();
  }

  of(path) {
    let folder = this.known.get(path);
    if (!folder) this.known.set(path, (folder = new Folder()));
    return folder;
  }

  /** The mode of something in a folder, or undefined if there is nothing. */
  mode(path, name) {
    const folder = this.of(path);
    if (folder.isNew || folder.gone.has(stored(name))) return undefined;
    const now = performance.now();
    if (folder.absent.get(name) > now) return undefined;
    // Many requests cost more than one listing.
    if (folder.until <= now && folder.spent > folder.cost) this.list(path);
    if (folder.until > now && !isAmbiguous(name)) {
      if (!folder.names.has(name)) return undefined;
      if (folder.modes.has(name)) return folder.modes.get(name);
    }
    return this.ask(path, folder, name, now);
  }

  ask(path, folder, name, start) {
    const mode = this.remote.mode(join(path, name));
    const now = performance.now();
    folder.spent += now - start;
    if (mode === undefined) {
      folder.absent.set(name, now + BELIEVED);
      // Another kernel has not stored it yet.
      if (this.ledger.get(join(path, name))?.stored) this.ledger.forget(join(path, name));
    } else {
      folder.modes.set(name, mode);
    }
    return mode;
  }

  /** The names in a folder, without what the kernel deleted. */
  names(path) {
    const folder = this.of(path);
    if (folder.isNew) return [];
    if (folder.until <= performance.now()) this.list(path);
    return [...folder.names].filter((name) => !folder.gone.has(stored(name)));
  }

  list(path) {
    const folder = this.of(path);
    const start = performance.now();
    // The page never answers a request for the names in a missing folder.
    if (path && this.remote.mode(path) === undefined) this.remote.fail('ENOENT');
    const names = new Set(this.kernelNames(path, this.remote.list(path)));
    for (const name of folder.making ? names : []) {
      if (UNFINISHED.test(name) && !folder.modes.has(name)) names.delete(name);
    }
    const now = performance.now();
    folder.cost = now - start;
    folder.until = now + Math.max(BELIEVED, BELIEVED_PER_COST * folder.cost);
    if (folder.names && !equal(names, folder.names)) folder.mtime = Date.now();
    folder.names = names;
    for (const name of folder.modes.keys()) if (!names.has(name)) folder.modes.delete(name);
  }

  /** The modification time of a folder; changes of others matter only if it was listed before. */
  mtime(path) {
    const folder = this.of(path);
    if (folder.names && !folder.isNew && folder.until <= performance.now()) this.list(path);
    // The page has no time of the whole drive.
    folder.mtime ??= (path && this.remote.stat(path).mtime) || Date.now();
    return folder.mtime;
  }

  /** Note that the kernel created something here. */
  made(path, mode) {
    const [parent, name] = split(path);
    const folder = this.of(parent);
    folder.gone.delete(stored(name));
    folder.absent.delete(name);
    folder.modes.set(name, mode);
    folder.mtime = Date.now();
  }

  /** Note that the kernel created a folder here. */
  madeFolder(path) {
    this.of(split(path)[0]).making++;
    return Object.assign(this.of(path), { isNew: true, mtime: Date.now() });
  }

  /** Note that the page has created it, too, or failed to. */
  confirmedFolder(path, made) {
    // Unless a new one was made after this was deleted.
    made.isNew = false;
    const folder = this.of(split(path)[0]);
    folder.making = Math.max(0, folder.making - 1);
  }

  /** Note that the kernel deleted or renamed something. */
  removed(path) {
    const [parent, name] = split(path);
    const folder = this.of(parent);
    folder.modes.delete(name);
    folder.mtime = Date.now();
    const removal = {};
    folder.gone.set(stored(name), removal);
    for (const each of this.known.keys()) {
      if (each === path || each.startsWith(`${path}/`)) this.known.delete(each);
    }
    return removal;
  }

  /** Whether the removed name has not been created again. */
  isGone(path, removal) {
    const [parent, name] = split(path);
    return this.of(parent).gone.get(stored(name)) === removal;
  }

  /** Note that the page has deleted it, too; files of the site remain there forever. */
  confirmed(path, removal, remains) {
    const [parent, name] = split(path);
    const folder = this.of(parent);
    if (!remains && folder.gone.get(stored(name)) === removal) folder.gone.delete(stored(name));
    folder.until = 0;
  }

  /** Invalidate all answers, of one folder or of all. */
  doubt(path) {
    for (const folder of path === undefined ? this.known.values() : [this.of(path)]) {
      folder.until = 0;
      folder.spent = 0;
      folder.absent.clear();
    }
  }

  kernelNames(path, names) {
    if (!names.some(isAmbiguous)) return names;
    const written = new Map();
    for (const each of this.ledger.written()) {
      const [folder, name] = split(each);
      if (folder === path && isAmbiguous(name)) written.set(stored(name), name);
    }
    return names.map((name) => written.get(name) ?? name);
  }
}

function equal(first, second) {
  return first.size === second.size && [...first].every((each) => second.has(each));
}
