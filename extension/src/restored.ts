/** Notifications of what a kernel restored when it started, and of what it says later. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IStarted, NotebookState } from './notebook';
import type { IReport } from './reports';
import type { NotebookStates } from './states';
import { INotebookStates } from './tokens';

/** Milliseconds that a notification of success stays. */
const STAY = 12_000;

/** Return whether a report has something that was added, changed or removed. */
export function hasChanges(report: IReport | null): report is IReport {
  return Boolean(report?.sections.some(({ count }) => count));
}

/** Return the warnings of a report, without its sections. */
export function warningsOf(report: IReport | null): string[] {
  return report?.sections.flatMap(({ warnings }) => warnings) ?? [];
}

/** Shows notifications about one notebook. */
class Notifier {
  constructor(
    private readonly _state: NotebookState,
    private readonly _trans: TranslationBundle
  ) {
    _state.started.connect((_, started) => this._show(started));
    _state.noticed.connect((_, sentence) => {
      Notification.warning(sentence, { autoClose: STAY });
    });
    _state.context.disposed.connect(() => this._dismiss());
  }

  private _show(started: IStarted): void {
    this._dismiss();
    const { failure, report, cause, state } = started;
    const trans = this._trans;
    if (failure) {
      this._notify(
        'error',
        trans.__('This notebook is not saved automatically: %1', failure),
        []
      );
      return;
    }
    const warnings = warningsOf(report);
    if (hasChanges(report)) {
      this._notify(
        warnings.length ? 'warning' : 'success',
        [report.headline, ...warnings].join(' '),
        [this._undo(), this._details(report)]
      );
    } else if (cause === 'restarted' && state.newest) {
      this._notify(
        'info',
        trans.__(
          'Python was restarted with nothing in it. Your last state is kept.'
        ),
        [this._bringBack(state.newest.number)]
      );
    } else if (warnings.length) {
      this._notify('warning', warnings.join(' '), [this._details(report!)]);
    }
  }

  private _notify(
    type: 'error' | 'warning' | 'success' | 'info',
    message: string,
    actions: Notification.IAction[]
  ): void {
    const autoClose = type === 'error' || type === 'warning' ? false : STAY;
    this._id = Notification.emit(message, type, { autoClose, actions });
  }

  private _undo(): Notification.IAction {
    return {
      label: this._trans.__('Undo'),
      caption: this._trans.__('Go back to how the kernel was before'),
      callback: () => void this._ask('undo', {})
    };
  }

  private _bringBack(checkpoint: number): Notification.IAction {
    return {
      label: this._trans.__('Bring Back'),
      caption: this._trans.__('Restore the last state of this notebook'),
      displayType: 'accent',
      callback: () => void this._ask('restore', { checkpoint })
    };
  }

  private _details(report: IReport): Notification.IAction {
    return {
      label: this._trans.__('Details'),
      callback: () => void this._showReport(report)
    };
  }

  private async _showReport(report: IReport): Promise<void> {
    const { showReport } = await import('./report_dialog');
    await showReport(report, this._trans.__('Restored'), this._trans);
  }

  private async _ask(
    command: string,
    args: Record<string, unknown>
  ): Promise<void> {
    try {
      const { result } = await this._state.ask<IReport>(command, args);
      this._notify('success', result.headline, [this._details(result)]);
    } catch (error) {
      this._notify('error', (error as Error).message, []);
    }
  }

  private _dismiss(): void {
    if (this._id) {
      Notification.dismiss(this._id);
    }
  }

  private _id = '';
}

/** Tells the user what came back. */
export const restored: JupyterFrontEndPlugin<void> = {
  id: 'litestate:restored',
  description: 'Tells the user what came back when a notebook was opened.',
  autoStart: true,
  requires: [INotebookStates],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    states: INotebookStates,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('litestate');
    const { added, all } = states as NotebookStates;
    all.forEach(state => new Notifier(state, trans));
    added.connect((_, state) => void new Notifier(state, trans));
  }
};
