/** The texts of the status of saving. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Status } from './tokens';

/** Return a time of today as hours and minutes, and an earlier one with its date. */
export function timeText(since: number, now: Date = new Date()): string {
  const time = new Date(since);
  const isToday = time.toDateString() === now.toDateString();
  return time.toLocaleString([], {
    hour: '2-digit',
    minute: '2-digit',
    ...(!isToday && { day: 'numeric', month: 'short' })
  });
}

/** Return a status as a short text. */
export function statusText(status: Status, trans: TranslationBundle): string {
  switch (status.kind) {
    case 'off':
      return trans.__('Not saved automatically');
    case 'restoring':
      return trans.__('Restoring…');
    case 'saving':
      return trans.__('Saving…');
    case 'saved':
      return status.since
        ? trans.__('Saved %1', timeText(status.since))
        : trans.__('Saved');
    case 'unsaved':
      return status.cells
        ? trans._n(
            '%1 cell not saved yet',
            '%1 cells not saved yet',
            status.cells
          )
        : trans.__('Not saved yet');
    case 'temporary':
      return status.reason
        ? trans.__('Kept until the page is closed')
        : trans.__('Notebook is kept until the page is closed');
    case 'readonly':
      return trans.__('Read only: open in another tab');
    case 'failed':
      return trans.__('Not saved: %1', status.reason);
  }
}

/** Return what a status means, and what to do. */
export function statusDetails(
  status: Status,
  trans: TranslationBundle
): string {
  switch (status.kind) {
    case 'off':
      return (
        status.reason ||
        trans.__(
          'Saving after each cell is turned off, in the settings of litestate or with autosave.stop(). A reload of the page loses all variables.'
        )
      );
    case 'restoring':
      return trans.__('Python starts, and your last state comes back.');
    case 'saving':
      return trans.__('The notebook is being saved.');
    case 'saved':
      return status.isChosen
        ? trans.__(
            'The notebook and what a cell has chosen with autosave(…) are stored in this browser. A reload of the page loses other variables and files.'
          )
        : trans.__(
            'Code, outputs, variables, files and databases are stored in this browser. They come back when you open this notebook again.'
          );
    case 'unsaved':
      return status.cells
        ? trans.__(
            'Results are stored soon after a cell has ended. Until then, a reload of the page loses them.'
          )
        : trans.__('What you typed is saved in a moment.');
    case 'temporary':
      return status.reason
        ? trans.__(
            '%1 A reload of the page loses everything. Before, download your work: File → Save State….',
            status.reason
          )
        : trans.__(
            'This site keeps notebooks and the files beside them only until the page is reloaded or closed. Before, download your notebook: File → Download. Its variables, databases and files will come back.'
          );
    case 'readonly':
      return trans.__(
        'This notebook is open in another tab, which saves it. What you do in this tab is not saved until you close the other one.'
      );
    case 'failed':
      return trans.__(
        '%1 Download your work: File → Save State….',
        status.reason
      );
  }
}
