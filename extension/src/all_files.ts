/** Gathers all files of the contents, the site's own included, into one ZIP archive. */

import type { Contents } from '@jupyterlab/services';

import { fileBytes } from './file_bytes';
import type { SiteFiles } from './site';
import { Breaks, ZipWriter } from './zip';

/** A file that is not in the archive. */
export interface IUnreadable {
  path: string;
  reason: string;
}

/** The archive, and what is in it. */
export interface IArchive {
  blob: Blob;

  /** Number of files. */
  files: number;

  unreadable: IUnreadable[];
}

/** How far it is. */
export interface IProgress {
  /** Number of files that are done. */
  done: number;
  files: number;

  /** Between 0 and 1. */
  part: number;
}

type Item = Contents.IModel;

/** Where files come from. */
export interface ISource {
  contents: Pick<Contents.IManager, 'get'>;
  site: Pick<SiteFiles, 'find' | 'read'>;
}

/**
 * Write all files into an archive. One that cannot be read is named in the result.
 *
 * @param source The contents, and the site's own files.
 * @param signal Ends the work, with its reason as the error.
 * @param report Called after each file.
 * @throws Error if not even the list of files can be read, or the archive would be too large.
 */
export async function archiveAll(
  source: ISource,
  signal: AbortSignal,
  report: (progress: IProgress) => void
): Promise<IArchive> {
  const unreadable: IUnreadable[] = [];
  const items = await list(source, signal, unreadable);
  const files = items.filter(item => item.type !== 'directory').length;
  // A file costs time even if it is empty.
  const costOf = (item: Item) => (item.size ?? 0) + 10_000;
  const all = items.reduce((sum, item) => sum + costOf(item), 0);
  const zip = new ZipWriter();
  let [done, added, cost] = [0, 0, 0];
  for (const item of items) {
    signal.throwIfAborted();
    if (item.type === 'directory') {
      zip.addFolder(item.path);
    } else {
      added += await addFile(zip, item, source, signal, unreadable);
      done += 1;
    }
    cost += costOf(item);
    report({ done, files, part: cost / all });
  }
  return { blob: zip.finish(), files: added, unreadable };
}

/** Return how many files were added: none if it cannot be read. */
async function addFile(
  zip: ZipWriter,
  item: Item,
  source: ISource,
  signal: AbortSignal,
  unreadable: IUnreadable[]
): Promise<number> {
  let pieces: Uint8Array[];
  try {
    pieces = await read(source, item, signal);
  } catch (error) {
    signal.throwIfAborted();
    unreadable.push({ path: item.path, reason: reasonOf(error) });
    return 0;
  }
  await zip.addFile(item.path, pieces, new Date(item.last_modified));
  return 1;
}

/** Read all of a file: one that turns out to be unreadable must not be begun in the archive. */
async function read(
  { contents, site }: ISource,
  item: Item,
  signal: AbortSignal
): Promise<Uint8Array[]> {
  // The site's index is no condition.
  const own = await site.find(item.path).catch(() => undefined);
  if (own && own.last_modified === item.last_modified) {
    // JupyterLab would decode it, as text in UTF-8 or as JSON, and these are other bytes.
    try {
      const response = await site.read(item.path, signal);
      return [new Uint8Array(await response.arrayBuffer())];
    } catch {
      signal.throwIfAborted();
    }
  }
  const breaks = new Breaks();
  const pieces: Uint8Array[] = [];
  for (const piece of fileBytes(
    await contents.get(item.path, { content: true })
  )) {
    pieces.push(piece);
    await breaks.take();
  }
  return pieces;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Return all files, and the folders that are empty. */
async function list(
  { contents }: ISource,
  signal: AbortSignal,
  unreadable: IUnreadable[]
): Promise<Item[]> {
  const found: Item[] = [];
  const folders: (Item | undefined)[] = [undefined];
  while (folders.length) {
    signal.throwIfAborted();
    const folder = folders.shift();
    let items: Contents.IModel[];
    try {
      const path = folder?.path ?? '';
      items = (await contents.get(path, { content: true })).content;
    } catch (error) {
      if (!folder) {
        throw error;
      }
      unreadable.push({ path: `${folder.path}/`, reason: reasonOf(error) });
      continue;
    }
    if (folder && !items.length) {
      found.push(folder);
    }
    for (const item of items) {
      const kept = item.type === 'directory' ? folders : found;
      // In JupyterLite, a list has the content of every file.
      kept.push({ ...item, content: null });
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
