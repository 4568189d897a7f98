/** Takes bundles that the user drops on the page, and leaves all other files to JupyterLab. */

import { isBundleFile, mayBeBundle } from './bundle_files';
import { element } from './elements';
import { isBundleName } from './texts';

/** Milliseconds without an event until the files are no longer above the page. */
const GONE = 400;

/** What takes the files of the file browser, where a drop means an upload. */
const UPLOADS = '.jp-DirListing';

/** Types that browsers give ZIP archives while they are dragged; Firefox gives none. */
const TYPES = new Set([
  'application/zip',
  'application/x-zip-compressed',
  'application/x-zip',
  'application/octet-stream',
  'application/x-moz-file',
  ''
]);

/** What happens to what is dropped. */
export interface IDropHandler {
  /** Whether there is a notebook to load a bundle into. */
  canLoad(): boolean;

  /** Return what to do, in a sentence. */
  hint(): string;

  /** Take a bundle. */
  dropped(file: File): void;

  /** Tell the user that a ZIP archive is no bundle. */
  refused(name: string): void;
}

/** The page as a place to drop bundles on. */
export class DropTarget {
  constructor(private readonly _handler: IDropHandler) {
    // Before the elements of the page: editors and the file browser take files, too.
    document.addEventListener('dragover', event => this._over(event), true);
    document.addEventListener('drop', event => this._drop(event), true);
  }

  private _over(event: DragEvent): void {
    const { dataTransfer } = event;
    if (!dataTransfer || !mayHaveBundle(dataTransfer)) {
      return;
    }
    // Otherwise the browser opens what is dropped. The name is known only then.
    event.preventDefault();
    dataTransfer.dropEffect = 'copy';
    this._showHint();
  }

  private _drop(event: DragEvent): void {
    this._hideHint();
    const files = event.dataTransfer?.files;
    if (files?.length !== 1) {
      return;
    }
    const [file] = files;
    const isUpload = (event.target as Element).closest?.(UPLOADS);
    if (isUpload && !(isBundleName(file.name) && this._handler.canLoad())) {
      return;
    }
    if (isBundleName(file.name)) {
      take(event);
      this._handler.dropped(file);
    } else if (mayBeBundle(file.name)) {
      // The page has to decide before it can read.
      take(event);
      void this._examine(file);
    }
  }

  private async _examine(file: File): Promise<void> {
    if (await isBundleFile(file).catch(() => false)) {
      this._handler.dropped(file);
    } else {
      this._handler.refused(file.name);
    }
  }

  private _showHint(): void {
    const text = this._handler.hint();
    if (this._hint.textContent !== text) {
      this._hint.textContent = text;
    }
    if (!this._hint.isConnected) {
      document.body.append(this._hint);
    }
    clearTimeout(this._timer);
    // Where the files leave the page, there may be no event.
    this._timer = setTimeout(() => this._hideHint(), GONE);
  }

  private _hideHint(): void {
    clearTimeout(this._timer);
    this._hint.remove();
  }

  private readonly _hint = element('div', {
    class: 'litestate-drop jp-ThemedContainer',
    role: 'status'
  });
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Return whether a bundle may be among what is dragged. */
function mayHaveBundle({ types, items }: DataTransfer): boolean {
  const files = [...items].filter(({ kind }) => kind === 'file');
  return (
    types.includes('Files') &&
    files.length <= 1 &&
    files.every(({ type }) => TYPES.has(type))
  );
}

/** Keep an event from everybody else. */
function take(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}
