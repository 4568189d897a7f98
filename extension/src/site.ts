/** The site that a page belongs to: its address, and the files that it came with. */

import { PageConfig, URLExt } from '@jupyterlab/coreutils';

/**
 * Return the address that names a site in the browser's storage; sites of one origin share that.
 * It is the one that `litestate/browser/kernel.py` finds in a kernel.
 *
 * @param labextensions Address of the site's labextensions, which may be relative to the page.
 * @param page Address of the page.
 */
export function siteOf(labextensions: string, page: string): string {
  const folder = labextensions.replace(/\/*$/, '/');
  return new URL('..', new URL(folder, page)).href;
}

/** Return the address of this page's site. */
export function siteUrl(): string {
  return siteOf(PageConfig.getOption('fullLabextensionsUrl'), document.baseURI);
}

/** Return whether the page is JupyterLite's: with a server, litestate has nothing to do. */
export function isLite(): boolean {
  return Boolean(PageConfig.getOption('litePluginSettings'));
}

/** A file that a site came with, as far as its index tells. */
export interface ISiteFile {
  name: string;
  type: string;
  last_modified: string;
}

/** The files that a site came with, whatever the browser has stored over them. */
export class SiteFiles {
  /**
   * @param _base Address of the site.
   * @param _index Name of the file that lists a folder; empty if the site has none.
   * @param _request Like `fetch`.
   */
  constructor(
    private readonly _base: string,
    private readonly _index: string,
    private readonly _request: typeof fetch
  ) {}

  /**
   * Return the files of this page's site.
   *
   * @param _base Its `baseUrl`.
   */
  static ofPage(base: string): SiteFiles {
    return new SiteFiles(
      base,
      PageConfig.getOption('contentsAllJsonFile'),
      (...args) => fetch(...args)
    );
  }

  /**
   * Find a file in the site's index; undefined if the site came without it.
   *
   * @throws Error if the index cannot be read, which may be for now.
   */
  async find(path: string): Promise<ISiteFile | undefined> {
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(0, slash));
    let files = this._folders.get(folder);
    if (!files) {
      files = this._list(folder);
      this._folders.set(folder, files);
      files.catch(() => this._folders.delete(folder));
    }
    return (await files).get(path.slice(slash + 1));
  }

  /**
   * Return a file as the site has it.
   *
   * @throws Error if it cannot be read.
   */
  async read(path: string, signal?: AbortSignal): Promise<Response> {
    const address = this._address('files', path);
    // The file may have changed since the browser kept a copy of it.
    const response = await this._request(address, {
      cache: 'no-cache',
      signal
    });
    if (!response.ok) {
      throw new Error(`${address} (${response.status})`);
    }
    return response;
  }

  private async _list(folder: string): Promise<Map<string, ISiteFile>> {
    if (!this._index) {
      return new Map();
    }
    const path = folder ? `${folder}/${this._index}` : this._index;
    const response = await this._request(this._address('api/contents', path));
    // Folders that only the browser has are not listed.
    const isFolder = response.ok && this._isJson(response);
    const files = isFolder
      ? ((await response.json()) as { content?: ISiteFile[] }).content
      : [];
    return new Map((files ?? []).map(file => [file.name, file]));
  }

  /** Some hosts answer with a page, and status 200, what they do not have. */
  private _isJson(response: Response): boolean {
    return !response.headers.get('Content-Type')?.includes('html');
  }

  private _address(...parts: string[]): string {
    const path = parts.join('/').split('/').map(encodeURIComponent).join('/');
    return URLExt.join(this._base, path);
  }

  private readonly _folders = new Map<
    string,
    Promise<Map<string, ISiteFile>>
  >();
}
