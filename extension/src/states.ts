/** The notebooks of the page, each with the state of its kernel. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { IPage } from './notebook';
// Needed at once: a kernel must hear the request before anything else.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { NotebookState } from './notebook';
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { historyOf } from './names';
import type { ISettings } from './settings';
import { loadSettings, SETTINGS_PLUGIN } from './settings';
import { INotebookStates } from './tokens';

declare global {
  // eslint-disable-next-line @typescript-eslint/naming-convention
  interface Window {
    /** Identity of the page until it is reloaded; also set by `litestate/browser/notebook.py`. */
    litestateTab?: string;
  }
}

/** Facts of this page. */
class Page implements IPage {
  constructor() {
    void this._isPersisted();
  }

  readonly tab: string = (window.litestateTab ??= crypto.randomUUID());

  readonly isReloaded = performance
    .getEntriesByType('navigation')
    .some(entry => (entry as PerformanceNavigationTiming).type === 'reload');

  isPersisted: boolean | null = null;

  historyOf(path: string): string {
    return historyOf(path).name;
  }

  /** Ask the browser to keep what the site stores. Firefox asks the user. */
  persist(): void {
    if (!this._isAsked && this.isPersisted === false) {
      this._isAsked = true;
      void navigator.storage.persist().then(persisted => {
        this.isPersisted = persisted;
      });
    }
  }

  private async _isPersisted(): Promise<void> {
    this.isPersisted = (await navigator.storage?.persisted?.()) ?? null;
  }

  private _isAsked = false;
}

const bySession = new WeakMap<ISessionContext, NotebookState>();

/** Return the state of the notebook that has a session. */
export function stateOf(session: ISessionContext): NotebookState | undefined {
  return bySession.get(session);
}

/** The notebooks of the page, as the parts of this extension know them. */
export class NotebookStates implements INotebookStates {
  constructor(private readonly _tracker: INotebookTracker) {
    _tracker.currentChanged.connect(() => {
      this._currentChanged.emit(this.current);
    });
  }

  get current(): NotebookState | null {
    const panel = this._tracker.currentWidget;
    return (panel && this._states.get(panel.context)) ?? null;
  }

  get all(): readonly NotebookState[] {
    return [...this._states.values()];
  }

  get currentChanged(): ISignal<this, NotebookState | null> {
    return this._currentChanged;
  }

  /** Emitted when a notebook was opened. */
  get added(): ISignal<this, NotebookState> {
    return this._added;
  }

  /** Add a notebook, unless it is there: two views of a notebook share its state. */
  add({ context }: NotebookPanel, settings: ISettings, page: IPage): void {
    if (this._states.has(context)) {
      return;
    }
    const state = new NotebookState(context, settings, page);
    this._states.set(context, state);
    bySession.set(context.sessionContext, state);
    context.disposed.connect(() => {
      this._states.delete(context);
      state.dispose();
    });
    this._added.emit(state);
    this._currentChanged.emit(this.current);
  }

  private readonly _states = new Map<NotebookPanel['context'], NotebookState>();
  private readonly _added = new Signal<this, NotebookState>(this);
  private readonly _currentChanged = new Signal<this, NotebookState | null>(
    this
  );
}

/** The notebooks of the page, as one plugin provides them to the others of this extension. */
export const notebookStates: JupyterFrontEndPlugin<INotebookStates> = {
  id: SETTINGS_PLUGIN,
  description: 'Saves the state of notebooks without being asked.',
  autoStart: true,
  provides: INotebookStates,
  requires: [INotebookTracker],
  optional: [ISettingRegistry],
  activate: async (
    _: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: ISettingRegistry | null
  ): Promise<INotebookStates> => {
    const states = new NotebookStates(tracker);
    // With a server, kernels run there.
    if (!PageConfig.getOption('litePluginSettings')) {
      return states;
    }
    const page = new Page();
    // Before notebooks open, so that the request is the first thing that a kernel hears.
    const settings = await loadSettings(registry);
    tracker.forEach(panel => states.add(panel, settings, page));
    tracker.widgetAdded.connect((_, panel) => {
      states.add(panel, settings, page);
    });
    NotebookActions.executed.connect(() => page.persist());
    return states;
  }
};
