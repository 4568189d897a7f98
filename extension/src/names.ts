/**
 * The names of the histories of notebooks.
 *
 * A history keeps the name that its notebook had first. When the notebook is renamed, a record says
 * so; another notebook that gets the old path begins a history with another name. A deleted
 * notebook's history waits for a month, for a notebook of the same path.
 *
 * Records are in `localStorage`, which the tabs of an origin share. The keys begin with what the
 * record is and the site:
 *
 * - `litestate:<site>:<path>`: the name of a notebook's history. `litestate/browser/notebook.py`
 *   reads and writes it where this module does not run.
 * - `litestate origin:<site>:<path>`: the history that a notebook may begin with, as JSON.
 * - `litestate deleted:<site>:<name>`: when the notebook of a history was deleted, as ISO time.
 */

import { siteUrl } from './site';

/** Milliseconds for which the history of a deleted notebook is kept: 30 days. */
export const KEPT_AFTER_DELETION = 30 * 24 * 3600 * 1000;

/** The history of a notebook. */
export interface IHistory {
  /** Its name, which is the path of the notebook when it began, or made from that. */
  readonly name: string;

  /**
   * Name of another history, with whose newest state this one may begin, as long as it is empty.
   * Without `deletedAt`, the notebook is a copy, and begins with the state of the original.
   */
  readonly copyOf?: string;

  /**
   * When the notebook of `copyOf` was deleted (milliseconds since 1970); it had the same path.
   * Offer that state, and do not restore it unasked.
   */
  readonly deletedAt?: number;
}

/** The part of `Storage` that is used. */
export type IRecords = Pick<
  Storage,
  'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'
>;

type Origin = Omit<IHistory, 'name'>;

/** The names of the histories of a site. */
export class HistoryNames {
  /**
   * @param _records Storage of the records.
   * @param site Address of the site.
   * @param _now Returns the time, in milliseconds since 1970.
   */
  constructor(
    private readonly _records: IRecords,
    site: string,
    private readonly _now: () => number = Date.now
  ) {
    this._names = `litestate:${site}:`;
    this._origins = `litestate origin:${site}:`;
    this._deleted = `litestate deleted:${site}:`;
  }

  /**
   * Return the history of a notebook, and record that the notebook has one.
   *
   * @param path Path of the notebook.
   */
  historyOf(path: string): IHistory {
    const name = this._nameOf(path);
    this._records.setItem(this._names + path, name);
    return { name, ...this._originOf(path) };
  }

  /**
   * Forget the history that a notebook may begin with: its own has begun, or the user has declined.
   */
  forgetOrigin(path: string): void {
    this._records.removeItem(this._origins + path);
  }

  /** Let histories follow a renamed notebook, or the notebooks of a renamed folder. */
  rename(from: string, to: string): void {
    if (from === to) {
      return;
    }
    for (const path of this._notebooksIn(from)) {
      const newPath = to + path.slice(from.length);
      const name = this._nameOf(path);
      const origin = this._originOf(path);
      this._records.removeItem(this._names + path);
      this._records.setItem(this._names + newPath, name);
      // A deleted notebook's state is for the path, whatever has come there and gone.
      if (origin.deletedAt === undefined) {
        this.forgetOrigin(path);
        this._setOrigin(newPath, origin);
      }
    }
  }

  /** Record that a notebook is a copy of another one. */
  copy(from: string, to: string): void {
    if (from === to || !isNotebook(from) || !isNotebook(to)) {
      return;
    }
    // It replaces another notebook.
    if (this._has(to)) {
      this.delete(to);
    }
    // A copy that was not opened yet is like the original.
    const copyOf = this._has(from)
      ? this._nameOf(from)
      : (this._copyOf(from) ?? this._nameOf(from));
    this._setOrigin(to, { copyOf });
  }

  /** Record that a notebook was deleted, or a folder with notebooks. */
  delete(path: string): void {
    const deletedAt = this._now();
    for (const notebook of this._notebooksIn(path)) {
      const name = this._nameOf(notebook);
      // Otherwise it was not opened since it got its path.
      if (this._has(notebook) || name === notebook) {
        const time = new Date(deletedAt).toISOString();
        this._records.removeItem(this._names + notebook);
        this._records.setItem(this._deleted + name, time);
        this._setOrigin(notebook, { copyOf: name, deletedAt });
      } else if (this._copyOf(notebook)) {
        this.forgetOrigin(notebook);
      }
    }
  }

  /** Return the histories whose notebooks were deleted too long ago. */
  expired(): string[] {
    const latest = this._now() - KEPT_AFTER_DELETION;
    return this._keys(this._deleted).filter(name => {
      const time = this._records.getItem(this._deleted + name) ?? '';
      return Date.parse(time) < latest;
    });
  }

  /** Forget a history that has been removed. */
  forget(name: string): void {
    this._records.removeItem(this._deleted + name);
    for (const path of this._keys(this._origins)) {
      if (this._originOf(path).copyOf === name) {
        this.forgetOrigin(path);
      }
    }
  }

  /** Forget everything. */
  clear(): void {
    for (const start of [this._names, this._origins, this._deleted]) {
      this._keys(start).forEach(end => this._records.removeItem(start + end));
    }
  }

  private _nameOf(path: string): string {
    const recorded = this._records.getItem(this._names + path);
    if (recorded !== null) {
      return recorded;
    }
    return this._isTaken(path)
      ? `${path} of ${new Date(this._now()).toISOString()}`
      : path;
  }

  /** Whether a history of that name is another notebook's, or waits after a deletion. */
  private _isTaken(name: string): boolean {
    return (
      this._records.getItem(this._deleted + name) !== null ||
      this._keys(this._names).some(
        path => this._records.getItem(this._names + path) === name
      )
    );
  }

  /** The path itself if it is a notebook's, and recorded notebooks below it. */
  private _notebooksIn(path: string): string[] {
    if (isNotebook(path)) {
      return [path];
    }
    const recorded = [
      ...this._keys(this._names),
      ...this._keys(this._origins)
    ].filter(other => other.startsWith(`${path}/`));
    return [...new Set(recorded)];
  }

  private _originOf(path: string): Origin {
    const text = this._records.getItem(this._origins + path);
    return text === null ? {} : (JSON.parse(text) as Origin);
  }

  private _setOrigin(path: string, origin: Origin): void {
    if (origin.copyOf !== undefined) {
      this._records.setItem(this._origins + path, JSON.stringify(origin));
    }
  }

  /** The original of a copy. */
  private _copyOf(path: string): string | undefined {
    const { copyOf, deletedAt } = this._originOf(path);
    return deletedAt === undefined ? copyOf : undefined;
  }

  private _has(path: string): boolean {
    return this._records.getItem(this._names + path) !== null;
  }

  /** The ends of all keys with a beginning. */
  private _keys(start: string): string[] {
    const found: string[] = [];
    for (let index = 0; index < this._records.length; index++) {
      const key = this._records.key(index);
      if (key?.startsWith(start)) {
        found.push(key.slice(start.length));
      }
    }
    return found;
  }

  private readonly _names: string;
  private readonly _origins: string;
  private readonly _deleted: string;
}

/** Return whether a path is a notebook's. */
export function isNotebook(path: string): boolean {
  return path.endsWith('.ipynb');
}

/** Return the names of the histories of this page's site. */
export function historyNames(): HistoryNames {
  return new HistoryNames(localStorage, siteUrl());
}

/** Return the history of a notebook of this page; see `HistoryNames.historyOf`. */
export function historyOf(path: string): IHistory {
  try {
    return historyNames().historyOf(path);
  } catch (error) {
    // A page may have no storage, or a full one.
    console.warn('litestate: names of histories cannot be recorded', error);
    return { name: path };
  }
}
