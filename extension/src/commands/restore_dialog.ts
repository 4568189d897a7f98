/** The dialog that lists the checkpoints of a notebook, and shows what restoring one changes. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { reportElements } from '../report_dialog';
import type { IReport } from '../reports';
import type { INotebookState } from '../tokens';
import { sizeText } from '../text';
import type { ICheckpoint, ICheckpoints } from './answers';
import { ask, showMessage } from './dialogs';
import { element, nameElement } from './elements';
import { checkpointName, whenText } from './texts';

/** Milliseconds until the preview follows the selection: keys may go through the list fast. */
const DELAY = 150;

/**
 * Let the user choose a checkpoint.
 *
 * @returns Its number, or null if nothing is to be restored.
 */
export async function askWhichCheckpoint(
  state: INotebookState,
  list: ICheckpoints,
  trans: TranslationBundle
): Promise<number | null> {
  const { rows, transient, notes } = list;
  if (!rows.length) {
    await showMessage(
      trans.__('Restore'),
      [
        element('p', {}, trans.__('There are no checkpoints yet.')),
        ...notes.map(note => element('p', {}, note))
      ],
      trans
    );
    return null;
  }
  const preview = new Preview(state, trans);
  // What is in front is as a rule the newest one: going there changes nothing.
  let chosen = rows.find(row => row.number === list.undo) ?? rows[0];
  const choose = (row: ICheckpoint) => {
    chosen = row;
    preview.show(row);
  };
  const choosing = ask<number>(
    {
      title: trans.__('Restore'),
      content: [
        element(
          'div',
          { class: 'litestate-restore' },
          listElement(list, chosen, choose, trans),
          preview.node
        ),
        ...(transient ? [element('p', {}, transient)] : [])
      ],
      accept: trans.__('Restore'),
      focus: 'input:checked',
      value: () => chosen.number
    },
    trans
  );
  choose(chosen);
  try {
    return await choosing;
  } finally {
    preview.dispose();
  }
}

/** Return the list: a table of radio buttons, so that arrow keys go through it. */
function listElement(
  list: ICheckpoints,
  chosen: ICheckpoint,
  choose: (row: ICheckpoint) => void,
  trans: TranslationBundle
): HTMLElement {
  const { rows, count, size } = list;
  const headings = [
    trans.__('When'),
    trans.__('Name'),
    trans.__('Cell'),
    trans.__('What changed'),
    trans.__('Size')
  ];
  const total = trans._n(
    '%1 checkpoint, %2',
    '%1 checkpoints, %2',
    count,
    sizeText(size)
  );
  const table = element(
    'table',
    { class: 'litestate-checkpoints' },
    element('caption', {}, total),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...headings.map(text => element('th', { scope: 'col' }, text))
      )
    ),
    element(
      'tbody',
      {},
      ...rows.map(row => rowOf(row, row === chosen, choose, trans))
    )
  );
  return element('div', { class: 'litestate-scroll' }, table);
}

function rowOf(
  row: ICheckpoint,
  isChosen: boolean,
  choose: (row: ICheckpoint) => void,
  trans: TranslationBundle
): HTMLTableRowElement {
  const { number, when, label, cell, text, size } = row;
  const radio = element('input', {
    type: 'radio',
    name: 'litestate-checkpoint',
    value: String(number)
  });
  radio.checked = isChosen;
  radio.addEventListener('change', () => choose(row));
  const time = element('label', {}, radio, whenText(when));
  const name = nameElement(checkpointName(row, trans));
  const made = element(
    'tr',
    {},
    element('th', { scope: 'row' }, time),
    element('td', {}, label ? element('strong', {}, name) : name),
    element('td', {}, cell === null ? '' : `[${cell}]`),
    element('td', {}, nameElement(text)),
    element('td', {}, sizeText(size))
  );
  // A click anywhere in the row chooses it.
  made.addEventListener('click', () => {
    if (!radio.checked) {
      radio.checked = true;
      radio.focus();
      choose(row);
    }
  });
  return made;
}

/** Shows what restoring a checkpoint would change. */
class Preview {
  constructor(
    private readonly _state: INotebookState,
    private readonly _trans: TranslationBundle
  ) {}

  readonly node = element('div', {
    class: 'litestate-preview',
    role: 'status',
    tabindex: '0'
  });

  /** Show a checkpoint, unless another one is shown soon. */
  show(row: ICheckpoint): void {
    clearTimeout(this._timer);
    const { number } = row;
    this._shown = number;
    this.node.setAttribute(
      'aria-label',
      this._trans.__(
        'What restoring %1 changes',
        checkpointName(row, this._trans)
      )
    );
    const isBusy = this._state.isBusy;
    this._timer = setTimeout(() => {
      this._replace([
        isBusy
          ? this._trans.__('Waiting for the cell…')
          : this._trans.__('Looking at what would change…')
      ]);
      void this._ask(number);
    }, DELAY);
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._shown = null;
  }

  private async _ask(checkpoint: number): Promise<void> {
    const known = this._known.get(checkpoint);
    try {
      const report =
        known ??
        (await this._state.ask<IReport>('preview', { checkpoint })).result;
      this._known.set(checkpoint, report);
      if (checkpoint === this._shown) {
        const { headline } = report;
        this._replace([headline], reportElements(report, this._trans));
      }
    } catch (error) {
      if (checkpoint === this._shown) {
        this._replace([(error as Error).message]);
      }
    }
  }

  private _replace(
    texts: readonly string[],
    rest: readonly HTMLElement[] = []
  ): void {
    const paragraphs = texts.map(text => element('p', {}, text));
    this.node.replaceChildren(...paragraphs, ...rest);
  }

  private readonly _known = new Map<number, IReport>();
  private _shown: number | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
