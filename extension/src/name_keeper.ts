/** Lets histories follow their notebooks as these are renamed, copied and deleted. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { Widget } from '@lumino/widgets';

import { Histories } from './histories';
import type { HistoryNames } from './names';
// The first signal may come before anything else could be loaded.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { historyNames, historyOf, isNotebook } from './names';
import { isLite, siteUrl } from './site';

declare global {
  // eslint-disable-next-line @typescript-eslint/naming-convention
  interface Window {
    /** Read by `litestate/browser/notebook.py`. */
    litestateNames?: { historyOf: typeof historyOf };
  }
}

/** Milliseconds after the start of the page, when nobody waits for it any more. */
const LATER = 20_000;

const SAVE_AS = 'docmanager:save-as';

/** Follow what happens to files, in this page. Signals say nothing of the original of a copy. */
function followFiles(contents: Contents.IManager, names: HistoryNames): void {
  contents.fileChanged.connect((_, { type, oldValue, newValue }) => {
    const [before, after] = [oldValue?.path, newValue?.path];
    if (type === 'rename' && before && after) {
      names.rename(before, after);
    } else if (type === 'delete' && before) {
      names.delete(before);
    }
  });
  // "Duplicate" and "Paste" of the file browser.
  const copy = contents.copy.bind(contents);
  contents.copy = async (path, folder) => {
    const model = await copy(path, folder);
    try {
      names.copy(path, model.path);
    } catch (error) {
      // The file is copied.
      console.warn('litestate: a copy cannot be recorded', error);
    }
    return model;
  };
}

/** Follow "Save As…", which stores a copy, closes the notebook, and opens the copy. */
class SaveAs {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _names: HistoryNames
  ) {
    const { contents } = _app.serviceManager;
    _app.commands.commandExecuted.connect(this._onCommand, this);
    contents.fileChanged.connect(this._onFileChanged, this);
  }

  private _onCommand(
    _: JupyterFrontEnd['commands'],
    { id }: { id: string }
  ): void {
    const context = contextOf(this._app.shell.currentWidget);
    if (id === SAVE_AS && context && isNotebook(context.path)) {
      context.saveState.connect(this._onSaveState, this);
    }
  }

  private _onSaveState(
    context: DocumentRegistry.Context,
    state: DocumentRegistry.SaveState
  ): void {
    this._saving = state === 'started' ? context : undefined;
  }

  private _onFileChanged(
    _: Contents.IManager,
    { type, newValue }: Contents.IChangedArgs
  ): void {
    const context = this._saving;
    const path = newValue?.path;
    if (type !== 'save' || !context || !path) {
      return;
    }
    const widgets = [...this._app.shell.widgets('main')];
    // Notebooks are saved to their own paths all the time.
    if (!widgets.some(widget => contextOf(widget)?.path === path)) {
      context.saveState.disconnect(this._onSaveState, this);
      this._saving = undefined;
      this._names.copy(context.path, path);
    }
  }

  /** A notebook for which the user has asked, which is being saved. */
  private _saving: DocumentRegistry.Context | undefined;
}

function contextOf(
  widget: Widget | null
): DocumentRegistry.Context | undefined {
  return (widget as { context?: DocumentRegistry.Context } | null)?.context;
}

/** Remove the histories of notebooks that were deleted 30 days ago. */
async function removeExpired(
  names: HistoryNames,
  histories: Histories
): Promise<void> {
  for (const name of names.expired()) {
    if (await histories.remove(name)) {
      names.forget(name);
    }
  }
}

function keepNames(app: JupyterFrontEnd): void {
  const names = historyNames();
  window.litestateNames = { historyOf };
  followFiles(app.serviceManager.contents, names);
  new SaveAs(app, names);
  setTimeout(() => {
    removeExpired(names, new Histories(siteUrl(), navigator)).catch(error =>
      console.warn('litestate: old histories cannot be removed', error)
    );
  }, LATER);
}

/** Lets histories follow their notebooks. */
export const nameKeeper: JupyterFrontEndPlugin<void> = {
  id: 'litestate:names',
  description: 'Lets saved states follow their notebooks.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    if (isLite()) {
      keepNames(app);
    }
  }
};
