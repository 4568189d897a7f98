/** The command that sets a notebook back to the version that the site has. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  Notification,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { undoIcon } from '@jupyterlab/ui-components';

import { isLite, SiteFiles } from './site';
import { isSame, nameBeforeReset, parseNotebook } from './site_notebook';
import type { INotebookState } from './tokens';
import { INotebookStates } from './tokens';

/** Sets the notebook in front back to the site's version. */
export const RESET = 'litestate:reset-notebook';

/** Place in the File menu: after JupyterLab's own "Download". */
const MENU_RANK = 6.2;

/** Milliseconds for which a notification stays that asks for nothing. */
const STAY = 12_000;

/** Milliseconds for a checkpoint of the variables, which a reset does not change. */
const PATIENCE = 15_000;

type Context = DocumentRegistry.IContext<INotebookModel>;

/** Knows which open notebooks the site has a version of, and resets them. */
class Resetter {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _tracker: INotebookTracker,
    private readonly _states: INotebookStates | null,
    private readonly _trans: TranslationBundle
  ) {
    const { baseUrl } = _app.serviceManager.serverSettings;
    this._site = SiteFiles.ofPage(baseUrl);
    _tracker.forEach(panel => this._follow(panel));
    _tracker.widgetAdded.connect((_, panel) => this._follow(panel));
    _tracker.currentChanged.connect(() => this._changed());
  }

  get context(): Context | undefined {
    return this._tracker.currentWidget?.context;
  }

  /** Whether the site has a version of the notebook in front; undefined if that is unknown. */
  get isPossible(): boolean | undefined {
    return this.context && this._isSites.get(this.context.path);
  }

  async run(): Promise<void> {
    const { context } = this;
    if (!context) {
      return;
    }
    const trans = this._trans;
    const { path } = context;
    try {
      const response = await this._site.read(path);
      const content = parseNotebook(await response.text());
      if (isSame(context.model.toJSON(), content)) {
        const message = trans.__(
          '%1 is the version of this site already.',
          nameOf(path)
        );
        Notification.info(message, { autoClose: STAY });
        return;
      }
      const copy = await this._freeName(path);
      if (await this._isConfirmed(context, copy)) {
        const trouble = await this._checkpoint(context);
        await this._reset(context, content, copy);
        this._report(context, copy, trouble);
      }
    } catch (error) {
      await showErrorMessage(
        trans.__('%1 was not reset', path),
        error as Error,
        [Dialog.okButton({ label: trans.__('Close') })]
      );
    }
  }

  private async _reset(
    context: Context,
    content: unknown,
    copy: string
  ): Promise<void> {
    const { contents } = this._app.serviceManager;
    const options = { type: 'notebook', format: 'json' } as const;
    const mine = context.model.toJSON();
    await contents.save(copy, { ...options, content: mine });
    await contents.save(context.path, { ...options, content });
    await context.revert();
  }

  /** Make a checkpoint of the variables; return why there is none, or an empty text. */
  private async _checkpoint(context: Context): Promise<string> {
    const state = this._stateOf(context);
    if (!state) {
      return '';
    }
    const label = this._trans.__('Before the notebook was reset');
    const late = new Promise<never>((_, reject) => {
      const reason = this._trans.__('the kernel is busy');
      setTimeout(() => reject(new Error(reason)), PATIENCE);
    });
    try {
      await Promise.race([state.ask('checkpoint', { label }), late]);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** The state of a notebook, if a kernel stores that. */
  private _stateOf(context: Context): INotebookState | undefined {
    return this._states?.all.find(
      state => state.context === context && state.status.kind !== 'off'
    );
  }

  private async _isConfirmed(context: Context, copy: string): Promise<boolean> {
    const trans = this._trans;
    const body = [
      trans.__('The notebook becomes the version that came with this site.'),
      trans.__('Your version is kept beside it, as "%1".', nameOf(copy)),
      trans.__('Variables and files stay as they are.')
    ];
    if (this._stateOf(context)) {
      body.push(trans.__('A checkpoint of them is made before.'));
    }
    const { button } = await showDialog({
      title: trans.__('Reset %1?', nameOf(context.path)),
      body: body.join(' '),
      buttons: [
        Dialog.cancelButton(),
        Dialog.warnButton({ label: trans.__('Reset') })
      ]
    });
    return button.accept;
  }

  private _report({ path }: Context, copy: string, trouble: string): void {
    const trans = this._trans;
    const { commands } = this._app;
    const sentences = [
      trans.__('%1 is the version of this site again.', nameOf(path))
    ];
    if (trouble) {
      sentences.push(trans.__('No checkpoint was made before (%1).', trouble));
    }
    const open = {
      label: trans.__('Open Mine'),
      caption: copy,
      callback: () => void commands.execute('docmanager:open', { path: copy })
    };
    const restart = {
      label: trans.__('Restart Kernel'),
      caption: trans.__('Start again without variables'),
      callback: () => void commands.execute('notebook:restart-kernel')
    };
    Notification.emit(sentences.join(' '), trouble ? 'warning' : 'success', {
      autoClose: false,
      actions: [open, restart]
    });
  }

  private async _freeName(path: string): Promise<string> {
    const now = new Date();
    for (let count = 1; ; count++) {
      const name = nameBeforeReset(path, now, count);
      if (!(await exists(this._app.serviceManager.contents, name))) {
        return name;
      }
    }
  }

  private _follow({ context }: NotebookPanel): void {
    void this._look(context.path);
    context.pathChanged.connect((_, path) => void this._look(path));
  }

  private async _look(path: string): Promise<void> {
    try {
      this._isSites.set(path, (await this._site.find(path)) !== undefined);
    } catch (error) {
      console.warn(`litestate: the site's index cannot be read`, error);
    }
    this._changed();
  }

  private _changed(): void {
    this._app.commands.notifyCommandChanged(RESET);
  }

  private readonly _site: SiteFiles;
  private readonly _isSites = new Map<string, boolean>();
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

async function exists(
  contents: Contents.IManager,
  path: string
): Promise<boolean> {
  try {
    await contents.get(path, { content: false });
    return true;
  } catch {
    return false;
  }
}

/** Adds the command that resets a notebook. */
export const resetNotebook: JupyterFrontEndPlugin<void> = {
  id: 'litestate:reset',
  description: "Adds a command that resets a notebook to the site's version.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [INotebookStates, ITranslator, ICommandPalette, IMainMenu],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    states: INotebookStates | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    menu: IMainMenu | null
  ) => {
    if (!isLite()) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('litestate');
    const resetter = new Resetter(app, tracker, states, trans);
    app.commands.addCommand(RESET, {
      label: () =>
        resetter.isPossible === false
          ? trans.__('Reset Notebook (this site came without it)')
          : trans.__('Reset Notebook…'),
      caption: trans.__('Set the notebook back to the version of this site'),
      icon: args => (args['toolbar'] ? undoIcon : undefined),
      describedBy: {
        args: {
          type: 'object',
          properties: { toolbar: { type: 'boolean' } }
        }
      },
      isEnabled: () => resetter.isPossible ?? false,
      execute: () => resetter.run()
    });
    const command = RESET;
    palette?.addItem({ command, category: trans.__('Notebook Operations') });
    menu?.fileMenu.addItem({ command, rank: MENU_RANK });
    menu?.fileMenu.addItem({ type: 'separator', rank: MENU_RANK });
  }
};
