/** Stores the kernel's changes on the drive, through the helper worker. */

import { committedImage, companionsOf, databaseBeside, holdsDatabase, hotJournal } from './committed.mjs';
import { LIMIT } from './protocol.mjs';
import { Queue } from './queue.mjs';

/** Handing over takes at most a twentieth of the time, so that a loop of commits isn't slowed. */
const PACE = 20;
/** Milliseconds after which a change is handed over in the middle of a cell, closed or not. */
const LAZY = 2000;
/** How often in how many milliseconds a file is handed over at once when it is closed. */
const EAGER = 3;
const EAGER_SPAN = 1000;
/** Milliseconds until a failed operation is repeated: first pause (doubled each time), and last. */
const RETRY = 10_000;
const LAST_RETRY = 60_000;

const MEGABYTE = 1e6;

export class Writeback {
  /**
   * @param worker takes the helper's operations
   * @param ledger records written files
   * @param folders notes what the page has deleted
   * @param remote has the page's names of paths
   * @param hooks `turn()` asks for a turn of the event loop; `tell(text)` reaches the user;
   *   `isFree(path)` says whether SQLite has no transaction open on a database
   */
  constructor(worker, { ledger, folders, remote }, hooks) {
    this.worker = worker;
    this.ledger = ledger;
    this.folders = folders;
    this.remote = remote;
    this.hooks = hooks;
    this.dirty = new Set();
    this.troubled = new Set();
    this.touched = new Set();
    this.inFlight = new Map();
    /** Removals of old names that wait for the new ones to be stored, and folders not yet made. */
    this.held = [];
    this.heldUntil = 0;
    this.heldDelay = RETRY;
    this.lastId = 0;
    this.waiters = [];
    this.nextLook = 0;
    worker.onmessage = ({ data }) => this.replied(data);
    worker.onerror = (event) => this.lost(event);
  }

  /** Note that a file has a new version. */
  changed(node) {
    const state = node.drive;
    if (state.isGone) return;
    state.version++;
    if (!this.dirty.has(node)) {
      this.dirty.add(node);
      state.since = performance.now();
      this.hooks.turn();
    }
    const database = databaseBeside(node);
    if (!database) this.note(node);
    else if (node.name.endsWith('-wal')) {
      // Its stored version changes, though its file does not.
      database.mtime = Date.now();
      this.changed(database);
    }
  }

  /** Note that a file was written which is to be stored. */
  note({ drive: state }) {
    state.isUnsettled = true;
    this.touched.add(state.path);
    this.ledger.writing.add(state.path);
    if (state.isNoted) return;
    state.isNoted = true;
    this.ledger.note(state.path, { written: true });
  }

  /** Note that a transaction of the database beside this journal has ended. */
  journalEnded(node) {
    const database = databaseBeside(node);
    if (!database) return;
    database.drive.isUnsettled = false;
    database.drive.committed = database.drive.version;
    this.flush(database);
  }

  /** Hand over files that have waited too long, in the middle of a cell. */
  flushOld() {
    const now = performance.now();
    if (now < this.nextLook) return;
    this.nextLook = now + LAZY / 2;
    for (const node of this.dirty) if (now - node.drive.since > LAZY) this.flush(node);
  }

  /** Hand over a file that was closed: the cell may compute for hours now. */
  flushClosed(node) {
    const state = node.drive;
    const now = performance.now();
    if (now > state.eagerUntil) {
      Object.assign(state, { eagerUntil: now + EAGER_SPAN, eagerLeft: EAGER });
    }
    this.flush(node, state.eagerLeft-- > 0);
  }

  /** Hand over a file, if it is due and complete. */
  flush(node, isForced = false) {
    const state = node.drive;
    if (state.isGone || state.posted === state.version) {
      this.dirty.delete(node);
      return;
    }
    // Companions of a database are not stored, until it turns out that they are none.
    if (databaseBeside(node)) return;
    if (!state.isNoted) this.note(node);
    const start = performance.now();
    if (start < state.due && !isForced) return;
    const copy = copied(node);
    if (!copy) return;
    const { version, bytes, problem } = copy;
    if (version === state.version) this.dirty.delete(node);
    state.since = version === state.version ? Infinity : start;
    state.posted = version;
    if (problem) {
      this.failed(node, problem);
      return;
    }
    const { path } = state;
    state.pending++;
    const context = { node, path, version, written: node.mtime };
    // Two kernels that write one database lose what one of them committed.
    const expected = holdsDatabase(node) ? state.mtime : undefined;
    this.post({ kind: 'put', path, bytes, expected }, context, [bytes.buffer]);
    this.removeCompanions(node);
    const now = performance.now();
    state.due = now + PACE * (now - start);
  }

  /** Delete the files beside a database on the drive: they belong to an older version. */
  removeCompanions(node) {
    for (const { drive: beside } of companionsOf(node)) {
      if (!beside.isOnDrive || beside.isGone) continue;
      beside.isOnDrive = false;
      this.postRemoval({ removed: beside.path, needs: [node] });
    }
  }

  /** At a turn of the event loop, hand over everything; return when to come back (milliseconds). */
  flushAll(isForced = false) {
    const now = performance.now();
    for (const node of this.troubled) {
      const { drive } = node;
      if (drive.isGone) this.troubled.delete(node);
      else if (drive.retry <= now && !drive.pending) {
        drive.posted = -1;
        this.dirty.add(node);
      }
    }
    if (this.held.length && this.heldUntil <= now) {
      this.heldDelay = Math.min(2 * this.heldDelay, LAST_RETRY);
      this.postHeld();
    }
    for (const node of this.dirty) {
      this.settle(node);
      this.flush(node, isForced);
    }
    const times = [...this.dirty].map(({ drive }) => drive.due);
    if (this.held.length) times.push(this.heldUntil);
    times.push(...[...this.troubled].map(({ drive }) => drive.retry));
    const next = Math.min(...times.filter((time) => time > now));
    return Number.isFinite(next) ? next - now : undefined;
  }

  /** Delete a name from the drive that was deleted here, or renamed to the names it `needs`. */
  remove(path, needs = []) {
    this.ledger.forget(path);
    this.touched.add(path);
    this.postRemoval({ removed: path, needs, removal: this.folders.removed(path) });
    // Some may have waited for the name that is deleted now.
    this.postHeld();
  }

  /** Retry operations that had to wait. */
  postHeld() {
    this.heldUntil = performance.now() + this.heldDelay;
    for (const each of this.held.splice(0)) {
      if (each.folder === undefined) this.postRemoval(each);
      else this.postFolder(each);
    }
  }

  postRemoval(removal) {
    const { removed } = removal;
    // It was made anew: the helper deletes the old one before it stores that.
    if (!this.folders.isGone(removed, removal.removal)) return;
    const stays = (node) => !node.drive.isGone && !databaseBeside(node);
    const needs = removal.needs.filter(stays).map(({ drive }) => drive);
    const address = ({ path }) => this.remote.address(path);
    // In the middle of a transaction, or too large: the helper has not heard of them.
    const missing = needs.filter((drive) => drive.posted !== drive.version || drive.isTooLarge);
    const gone = removal.needs.map(({ drive }) => drive).filter((drive) => drive.isGone);
    const operation = {
      needs: needs.map(address), missing: missing.map(address), gone: gone.map(address),
    };
    this.post({ kind: 'remove', path: removed, ...operation }, removal);
  }

  /** Make a folder. */
  makeFolder(path) {
    this.ledger.note(path, { written: true });
    this.touched.add(path);
    this.postFolder({ folder: path, made: this.folders.madeFolder(path) });
  }

  postFolder(context) {
    const { folder, made } = context;
    if (this.folders.of(folder) === made) this.post({ kind: 'folder', path: folder }, context);
  }

  /** Files that the drive doesn't have, as pairs of path and reason. */
  unsaved() {
    const troubled = [...this.troubled]
      .filter(({ drive }) => !drive.isGone && drive.problem)
      .map(({ drive }) => [drive.path, drive.problem.reason]);
    const locked = [...this.dirty]
      .filter(({ drive }) => drive.isUnsettled && drive.asked === drive.version)
      .map(({ drive }) => [drive.path, 'a connection is writing it, or keeps it locked']);
    return [...troubled, ...locked];
  }

  /** Resolves when all changes until now are stored, or have failed. */
  settled() {
    this.flushAll(true);
    const last = this.lastId;
    if (!this.isWaitingFor(last)) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ last, resolve }));
  }

  /** Whether all changes until now are stored, or have failed. */
  isSettled() {
    this.flushAll(true);
    return !this.inFlight.size;
  }

  isWaitingFor(last) {
    // Ids are in the order of the map.
    const [first] = this.inFlight.keys();
    return first <= last;
  }

  /** Whether a file may be forgotten: the drive has all of it. */
  isDone(node) {
    const { drive } = node;
    return !drive.opens && !drive.pending && !drive.isDirty && !companionsOf(node).length;
  }

  /** Ask SQLite whether a database has an open transaction, if it cannot be seen otherwise. */
  settle(node) {
    const state = node.drive;
    if (!state.isUnsettled || state.asked === state.version) return;
    if (hotJournal(node) || committedImage(node)) return;
    state.asked = state.version;
    state.isUnsettled = !this.hooks.isFree(state.path);
  }

  post(operation, context, transfer = []) {
    const id = ++this.lastId;
    this.inFlight.set(id, context);
    const { kind, path, ...rest } = operation;
    this.worker.postMessage({ id, kind, address: this.remote.address(path), ...rest }, transfer);
  }

  replied({ id, superseded, error, mtime, remains, held, isOver }) {
    const context = this.inFlight.get(id);
    if (!context) return;
    const { node, path, removed, folder } = context;
    this.inFlight.delete(id);
    if (node) {
      node.drive.pending--;
      if (error) this.failed(node, { reason: error, code: 'ENOSPC' });
      else if (!superseded && path === node.drive.path) this.succeeded(context, mtime, isOver);
    } else if (held || error) {
      this.held.push(context);
    } else if (removed !== undefined) {
      this.folders.confirmed(removed, context.removal, remains);
    } else {
      this.folders.confirmedFolder(folder, context.made);
    }
    if (error && !node && !context.isTold) {
      context.isTold = true;
      const what = removed === undefined ? `${folder} is not made` : `${removed} is not deleted`;
      this.hooks.tell(`${what} in the browser's storage: ${error}. It is tried again.`);
    }
    const hasAll = ({ last }) => !this.isWaitingFor(last);
    this.waiters.filter(hasAll).forEach(({ resolve }) => resolve());
    this.waiters = this.waiters.filter((each) => !hasAll(each));
    this.hooks.turn();
  }

  succeeded({ node, version, written }, mtime, isOver) {
    if (isOver) {
      this.hooks.tell(
        `${node.drive.path} was stored by another notebook, or in JupyterLab, while it is open ` +
          'here; what this notebook has replaces that.',
      );
    }
    const state = node.drive;
    state.stored = version;
    state.isOnDrive = true;
    state.mtime = mtime;
    if (version === state.posted) {
      state.problem = undefined;
      state.delay = 0;
      this.troubled.delete(node);
    }
    this.heldDelay = RETRY;
    this.postHeld();
    if (state.isGone) return;
    if (version === state.version) this.ledger.writing.delete(state.path);
    // Its times may have been set since, without a new version.
    const own = version === state.version ? node.mtime : written;
    this.ledger.note(state.path, { written: true, mtime: own, mode: node.mode, stored: mtime });
  }

  failed(node, problem) {
    const state = node.drive;
    const isNews = state.problem?.reason !== problem.reason;
    state.problem = { ...problem, isTold: false };
    state.delay = Math.min(2 * state.delay || RETRY, LAST_RETRY);
    state.retry = problem.code === 'EFBIG' ? Infinity : performance.now() + state.delay;
    this.troubled.add(node);
    if (isNews && !state.isGone) {
      this.hooks.tell(
        `${state.path} is not stored: ${problem.reason}. It is in memory, and gone after a reload; ` +
          "litestate's save_state() and checkpoints take it.",
      );
    }
  }

  /** The helper worker could not start, or broke: the kernel does its work, between cells. */
  lost(event) {
    this.worker.terminate?.();
    console.warn('litestate: the helper of the drive has failed', event.message ?? event);
    const queue = new Queue(this.remote.endpoint, this.remote.context, (data) => this.replied(data));
    this.worker = { postMessage: (operation) => queue.add(operation) };
    const lost = [...this.inFlight];
    this.inFlight.clear();
    for (const [, context] of lost) {
      const { node, removed, folder } = context;
      if (folder !== undefined) this.post({ kind: 'folder', path: folder }, context);
      else if (removed !== undefined) this.postRemoval(context);
      else {
        node.drive.pending--;
        node.drive.posted = -1;
        this.dirty.add(node);
      }
    }
    this.flushAll(true);
  }
}

/** A copy of the content to store, or the reason why it is missing; undefined if it has to wait. */
function copied(node) {
  try {
    const image = committedImage(node);
    if (!image) return undefined;
    const { version, bytes } = image;
    if (bytes.length > LIMIT) return { version, problem: tooLarge(bytes.length) };
    return { version, bytes: bytes.slice() };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Emscripten does not survive another error than its own.
    const problem = { reason: 'the browser has no memory for a copy of it', code: 'ENOMEM' };
    return { version: node.drive.version, problem };
  }
}

function tooLarge(size) {
  const [has, takes] = [size, LIMIT].map((each) => (each / MEGABYTE).toFixed(1));
  return {
    reason: `it has ${has} MB, and the browser takes at most ${takes} MB of one file`,
    code: 'EFBIG',
  };
}
