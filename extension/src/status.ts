/** The status of saving: an item in the status bar of Lab, and in the toolbar of each notebook. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  IToolbarWidgetRegistry,
  showDialog
} from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import {
  checkIcon,
  circleEmptyIcon,
  circleIcon,
  errorIcon,
  infoIcon,
  lockIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

import type { NotebookState } from './notebook';
import type { NotebookStates } from './states';
// Needed at once: cells may be run, and toolbars made, right after the start.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { stateOf } from './states';
import { statusDetails, statusText } from './status_texts';
import type { Status } from './tokens';
import { INotebookStates } from './tokens';

const ICONS: Record<Status['kind'], LabIcon> = {
  off: circleEmptyIcon,
  restoring: refreshIcon,
  saving: refreshIcon,
  saved: checkIcon,
  unsaved: circleIcon,
  temporary: infoIcon,
  readonly: lockIcon,
  failed: errorIcon
};

/** A button with the status of a notebook; a click shows the details. */
class StatusButton extends Widget {
  constructor(private readonly _trans: TranslationBundle) {
    super({ node: document.createElement('div') });
    this.addClass('litestate-status');
    this._button.type = 'button';
    this._icon.setAttribute('aria-hidden', 'true');
    this._button.append(this._icon, this._text);
    this._button.onclick = () => void this._showDetails();
    this.node.append(this._button);
    this.follow(null);
  }

  /** Show the status of a notebook from now on. */
  follow(state: NotebookState | null): void {
    this._state?.changed.disconnect(this._show, this);
    this._state = state;
    state?.changed.connect(this._show, this);
    this._show();
  }

  override dispose(): void {
    this.follow(null);
    super.dispose();
  }

  private _show(): void {
    const status = this._state?.status;
    this.setHidden(!status);
    if (!status) {
      return;
    }
    const { kind } = status;
    const text = statusText(status, this._trans);
    this.node.dataset.kind = kind;
    this._text.textContent = text;
    this._button.title = statusDetails(status, this._trans);
    ICONS[kind].element({
      container: this._icon,
      width: '14px',
      height: '14px'
    });
  }

  private async _showDetails(): Promise<void> {
    const status = this._state?.status;
    if (!status) {
      return;
    }
    await showDialog({
      title: statusText(status, this._trans),
      body: statusDetails(status, this._trans),
      buttons: [Dialog.okButton({ label: this._trans.__('Close') })]
    });
  }

  private readonly _button = document.createElement('button');
  private readonly _icon = document.createElement('span');
  private readonly _text = document.createElement('span');
  private _state: NotebookState | null = null;
}

/** Shows the status of the notebook in front in the status bar, which Notebook does not have. */
export const statusItem: JupyterFrontEndPlugin<void> = {
  id: 'litestate:status',
  description: 'Shows in the status bar what is saved.',
  autoStart: true,
  requires: [INotebookStates, IStatusBar],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    states: INotebookStates,
    statusBar: IStatusBar,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('litestate');
    const item = new StatusButton(trans);
    const known = states as NotebookStates;
    item.follow(known.current);
    known.currentChanged.connect((_, state) => item.follow(state));
    statusBar.registerStatusItem('litestate:status', {
      item,
      align: 'left',
      rank: 3
    });
  }
};

/** Shows the status of each notebook in its toolbar. */
export const toolbarStatus: JupyterFrontEndPlugin<void> = {
  id: 'litestate:toolbar',
  description: 'Shows in the toolbar of each notebook what is saved.',
  autoStart: true,
  requires: [INotebookStates, IToolbarWidgetRegistry],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    states: INotebookStates,
    toolbars: IToolbarWidgetRegistry,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('litestate');
    const known = states as NotebookStates;
    toolbars.addFactory(
      'Notebook',
      'litestate-status',
      (panel: NotebookPanel) => {
        const button = new StatusButton(trans);
        const follow = () => {
          button.follow(stateOf(panel.sessionContext) ?? null);
        };
        follow();
        // The toolbar is made before the notebook is known.
        known.added.connect(follow);
        button.disposed.connect(() => known.added.disconnect(follow));
        return button;
      }
    );
  }
};
