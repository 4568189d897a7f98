/** The histories of notebooks as files of the browser (OPFS), for the page; kernels write them. */

import { folderName } from './folder_names';

/** Folder of all sites of an origin; see `litestate/storage/browser_files.py`. */
const FOLDER = 'litestate';

/** Milliseconds between two attempts to remove a file that a worker has not released yet. */
const INTERVAL = 100;

/** The part of `navigator` that is used. */
export interface IBrowser {
  storage: Pick<StorageManager, 'getDirectory'>;
  locks: Pick<LockManager, 'request' | 'query'>;
}

/** The histories of a site. */
export class Histories {
  /**
   * @param _site Address of the site.
   * @param _browser The page's `navigator`.
   */
  constructor(
    private readonly _site: string,
    private readonly _browser: IBrowser
  ) {}

  /** Return the histories that kernels write now, in any tab. */
  async used(): Promise<string[]> {
    const start = this._lock('');
    const { held = [] } = await this._browser.locks.query();
    return held.flatMap(({ name }) =>
      name?.startsWith(start) ? [name.slice(start.length)] : []
    );
  }

  /**
   * Remove a history, unless a kernel writes it.
   *
   * @returns Whether it is gone.
   */
  async remove(name: string): Promise<boolean> {
    const options = { ifAvailable: true };
    return this._browser.locks.request(
      this._lock(name),
      options,
      async lock => {
        if (!lock) {
          return false;
        }
        const folder = await this._folder();
        if (folder) {
          await removeEntry(folder, folderName(name));
        }
        return true;
      }
    );
  }

  /**
   * Remove all histories.
   *
   * @param patience Milliseconds to wait until workers that have ended release their files.
   * @throws Error of the browser, if some could not be removed.
   */
  async removeAll(patience: number): Promise<void> {
    const root = await this._browser.storage.getDirectory();
    const parent = await find(root, FOLDER);
    if (!parent) {
      return;
    }
    const end = performance.now() + patience;
    for (;;) {
      try {
        await removeEntry(parent, folderName(this._site));
        return;
      } catch (error) {
        if (performance.now() > end) {
          throw error;
        }
      }
      await new Promise(resolve => setTimeout(resolve, INTERVAL));
    }
  }

  private async _folder(): Promise<FileSystemDirectoryHandle | undefined> {
    const root = await this._browser.storage.getDirectory();
    const parent = await find(root, FOLDER);
    return parent && find(parent, folderName(this._site));
  }

  private _lock(name: string): string {
    return `litestate:${this._site}:${name}`;
  }
}

async function find(
  parent: FileSystemDirectoryHandle,
  name: string
): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await parent.getDirectoryHandle(name);
  } catch (error) {
    return ignoreMissing(error);
  }
}

async function removeEntry(
  parent: FileSystemDirectoryHandle,
  name: string
): Promise<void> {
  try {
    await parent.removeEntry(name, { recursive: true });
  } catch (error) {
    ignoreMissing(error);
  }
}

function ignoreMissing(error: unknown): undefined {
  if ((error as Error).name !== 'NotFoundError') {
    throw error;
  }
}
