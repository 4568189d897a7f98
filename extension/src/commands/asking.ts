/** Questions to a kernel, with what the user sees meanwhile. */

import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { showReport } from '../report_dialog';
import type { IReport } from '../reports';
import type { IAnswer, INotebookState } from '../tokens';
import { showMessage } from './dialogs';
import { element } from './elements';
import { namesText, shortened } from './texts';

/** Milliseconds until a notification says what is going on. */
const PATIENCE = 400;

/** Milliseconds that a notification of success stays. */
const STAY = 12_000;

/** A question to a kernel. */
export interface IQuestion {
  /** Name of a command of `litestate/api/page_commands.py`. */
  readonly command: string;
  readonly args?: Record<string, unknown>;
  readonly file?: Blob;

  /** What is going on meanwhile, such as "Saving the state…". */
  readonly doing: string;

  /** Title of the message if it fails, such as "The state was not saved". */
  readonly failed: string;
}

/**
 * Ask a kernel once no cell runs.
 *
 * @returns The answer; null if the user has canceled, or was told that it failed.
 */
export async function askKernel<T>(
  state: INotebookState,
  { command, args, file, doing, failed }: IQuestion,
  trans: TranslationBundle
): Promise<IAnswer<T> | null> {
  if (!(await untilIdle(state, trans))) {
    return null;
  }
  let id = '';
  const timer = setTimeout(() => {
    id = Notification.emit(doing, 'in-progress', { autoClose: false });
  }, PATIENCE);
  try {
    return await state.ask<T>(command, args, file);
  } catch (error) {
    await showFailure(failed, error as Error, trans);
    return null;
  } finally {
    clearTimeout(timer);
    dismiss(id);
  }
}

/** Tell the user that something failed: what, and the kernel's message, which says what to do. */
export function showFailure(
  title: string,
  error: Error,
  trans: TranslationBundle
): Promise<void> {
  return showMessage(title, [element('p', {}, error.message)], trans);
}

/** Tell the user that something was done; a click shows all of it. */
export function notifyDone(
  message: string,
  report: IReport,
  title: string,
  trans: TranslationBundle
): void {
  const skipped = report.sections.flatMap(section => section.skipped);
  const isComplete =
    !skipped.length && !report.sections.some(({ warnings }) => warnings.length);
  const text = skipped.length
    ? `${message}. ${report.skipped_title}: ${namesText(skipped, trans)}`
    : message;
  Notification.emit(shortened(text), isComplete ? 'success' : 'warning', {
    autoClose: isComplete ? STAY : false,
    actions: [
      {
        label: trans.__('Details'),
        callback: () => void showReport(report, title, trans)
      }
    ]
  });
}

/**
 * Wait until no cell runs.
 *
 * Questions could wait in the kernel as well, but there the user could not cancel them.
 *
 * @returns Whether to go on.
 */
export async function untilIdle(
  state: INotebookState,
  trans: TranslationBundle
): Promise<boolean> {
  if (!state.isBusy) {
    return true;
  }
  const { sessionContext, disposed } = state.context;
  let id = '';
  let timer: ReturnType<typeof setTimeout>;
  let check: () => void;
  let end: () => void;
  const isIdle = await new Promise<boolean>(resolve => {
    timer = setTimeout(() => {
      id = Notification.emit(trans.__('Waiting for the cell…'), 'in-progress', {
        autoClose: false,
        actions: [{ label: trans.__('Cancel'), callback: () => resolve(false) }]
      });
    }, PATIENCE);
    check = () => {
      if (!state.isBusy) {
        resolve(true);
      }
    };
    end = () => resolve(false);
    sessionContext.statusChanged.connect(check);
    disposed.connect(end);
  });
  clearTimeout(timer!);
  sessionContext.statusChanged.disconnect(check!);
  disposed.disconnect(end!);
  dismiss(id);
  return isIdle;
}

function dismiss(id: string): void {
  if (id) {
    Notification.dismiss(id);
  }
}
