/** Databases among the files: their companion files, and the state that may be stored. */

import {
  COMPANIONS, databaseOf, isDatabase, isHot, mayBeDatabase, merge, rollBack,
} from './sqlite.mjs';
import { bytesOf } from './state.mjs';

/** Whether a file is a database. */
export function holdsDatabase(node) {
  return isDatabase(bytesOf(node));
}

/** The database that a file belongs to as its journal or log, or undefined. */
export function databaseBeside(node) {
  const name = databaseOf(node.name);
  const beside = name && node.parent.contents[name];
  if (!beside?.drive?.isLoaded) return undefined;
  // A new one is empty, or has no first page yet.
  const isNew = beside.drive.opens && (!beside.usedBytes || mayBeDatabase(bytesOf(beside)));
  return isNew || holdsDatabase(beside) ? beside : undefined;
}

/** The files beside a file with the names that SQLite uses. */
export function companionsOf({ name, parent }) {
  return COMPANIONS.map((suffix) => parent.contents[name + suffix]).filter(Boolean);
}

/** The bytes of the journal that a database has to be rolled back with, or undefined. */
export function hotJournal({ name, parent }) {
  const journal = parent.contents[`${name}-journal`];
  return journal && isHot(bytesOf(journal)) ? bytesOf(journal) : undefined;
}

/** Bytes that may be stored and their version, or undefined in the middle of a transaction. */
export function committedImage(node) {
  const { version, committed, posted, isUnsettled } = node.drive;
  const content = bytesOf(node);
  const journal = hotJournal(node);
  if (journal) {
    if (posted >= committed) return undefined;
    return { bytes: rollBack(content, journal), version: committed };
  }
  const wal = node.parent.contents[`${node.name}-wal`];
  const merged = wal && isDatabase(content) && merge(content, bytesOf(wal));
  if (merged) return { bytes: merged, version };
  return isUnsettled && mayBeDatabase(content) ? undefined : { bytes: content, version };
}
