/** Notifications of what a kernel restored when it started, and of what it says later. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IStarted, NotebookState } from './notebook';
// Needed at once: kernels have started, and notebooks have names, right after the start.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { historyNames } from './names';
import type { IReport } from './reports';
import type { INewest } from './saving';
import type { Restore } from './settings';
import type { NotebookStates } from './states';
import { timeText } from './status_texts';
import { INotebookStates } from './tokens';

/** Milliseconds that a notification of success stays. */
const STAY = 12_000;

/** Return whether a report has something that was added, changed or removed. */
export function hasChanges(report: IReport | null): report is IReport {
  const lines = report?.sections.flatMap(section => section.lines) ?? [];
  return lines.some(({ kind }) => kind !== 'session');
}

/** Return the warnings of a report, without its sections. */
export function warningsOf(report: IReport | null): string[] {
  return report?.sections.flatMap(({ warnings }) => warnings) ?? [];
}

/** Shows notifications about one notebook. */
class Notifier {
  constructor(
    private readonly _state: NotebookState,
    private readonly _restore: Restore,
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
    const { failure, report, cause, copied, offer } = started;
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
    const { history, context } = this._state;
    if (copied) {
      historyNames().forgetOrigin(context.path);
    }
    if (hasChanges(report)) {
      this._notify(
        warnings.length ? 'warning' : 'success',
        [report.headline, ...warnings].join(' '),
        [this._undo(), this._details(report)]
      );
    } else if (offer && cause === 'restarted') {
      this._notify(
        'info',
        trans.__(
          'Python was restarted with nothing in it. Your last state is kept.'
        ),
        [this._bringBack(offer)]
      );
    } else if (history?.copyOf !== undefined && history.deletedAt) {
      this._offerDeleted(history.copyOf, history.deletedAt);
    } else if (offer && this._restore === 'ask') {
      this._state.waitFor(this._ask(offer));
    } else if (warnings.length && report) {
      this._notify('warning', warnings.join(' '), [this._details(report)]);
    }
  }

  /** Offer the state of a deleted notebook that had the same path. */
  private _offerDeleted(name: string, deletedAt: number): void {
    const trans = this._trans;
    const forget = () => {
      historyNames().forgetOrigin(this._state.context.path);
    };
    this._notify(
      'info',
      trans.__(
        'A notebook of this name was deleted (%1). Its variables and files are kept for 30 days.',
        timeText(deletedAt)
      ),
      [
        {
          label: trans.__('Bring Back'),
          displayType: 'accent',
          callback: () => void this._bringBackDeleted(name, forget)
        },
        {
          label: trans.__('No, Thanks'),
          caption: trans.__('Do not offer it again'),
          callback: forget
        }
      ]
    );
  }

  /** Load the state of a deleted notebook; it is offered again if that fails. */
  private async _bringBackDeleted(
    name: string,
    forget: () => void
  ): Promise<void> {
    if (await this._run('adopt', { name })) {
      forget();
    }
  }

  /** Ask the user whether to restore a checkpoint; cells wait for the answer. */
  private async _ask(offer: INewest): Promise<void> {
    const trans = this._trans;
    const { button } = await showDialog({
      title: trans.__('Restore your last state?'),
      body: trans.__(
        'The variables and files of this notebook are stored as of %1.',
        timeText(1000 * offer.created)
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Start Empty') }),
        Dialog.okButton({ label: trans.__('Restore') })
      ]
    });
    if (button.accept) {
      await this._run('restore', { checkpoint: offer.number });
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
      caption: this._trans.__('Start Python again with nothing in it'),
      callback: () => void this._state.context.sessionContext.restartKernel()
    };
  }

  private _bringBack({ number }: INewest): Notification.IAction {
    return {
      label: this._trans.__('Bring Back'),
      caption: this._trans.__('Restore the last state of this notebook'),
      displayType: 'accent',
      callback: () => void this._run('restore', { checkpoint: number })
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

  /** Give a command to the kernel, and show its outcome; return whether it succeeded. */
  private async _run(
    command: string,
    args: Record<string, unknown>
  ): Promise<boolean> {
    try {
      const { result } = await this._state.ask<IReport | null>(command, args);
      if (result) {
        this._notify('success', result.headline, [this._details(result)]);
      } else {
        this._notify(
          'info',
          this._trans.__('There is nothing left of it.'),
          []
        );
      }
      return true;
    } catch (error) {
      this._notify('error', (error as Error).message, []);
      return false;
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
    const follow = (state: NotebookState) => {
      new Notifier(state, state.settings.restore, trans);
    };
    all.forEach(follow);
    added.connect((_, state) => follow(state));
  }
};
