/** The notebook that a site came with, and a name for the user's own version of it. */

import { timeInName } from './text';

/**
 * Return a notebook's content.
 *
 * @throws Error if the text is not that of a notebook; a host may answer with a page of its own.
 */
export function parseNotebook(text: string): object {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = undefined;
  }
  const { cells, nbformat } = (content ?? {}) as Record<string, unknown>;
  if (!Array.isArray(cells) || typeof nbformat !== 'number') {
    throw new Error("The site's version of this notebook cannot be read.");
  }
  return content as object;
}

/** A notebook, as far as a person has made it. */
interface INotebook {
  cells: { cell_type: string; source: string | string[]; outputs?: object[] }[];
}

/** Return whether two notebooks have the same cells, and no outputs that one would lose. */
export function isSame(mine: unknown, other: unknown): boolean {
  return summary(mine) === summary(other) && !hasOutputs(mine);
}

function summary(notebook: unknown): string {
  const { cells } = notebook as INotebook;
  return JSON.stringify(
    cells.map(({ cell_type: type, source }) => [type, [source].flat().join('')])
  );
}

function hasOutputs(notebook: unknown): boolean {
  return (notebook as INotebook).cells.some(cell => cell.outputs?.length);
}

/**
 * Return a path for the user's version of a notebook that is about to be reset.
 *
 * @param path Path of the notebook.
 * @param time The present time.
 * @param count Number of the attempt, from 1: such a name may be taken.
 */
export function nameBeforeReset(
  path: string,
  time: Date,
  count: number
): string {
  const stem = path.replace(/\.ipynb$/, '');
  const number = count > 1 ? `, ${count}` : '';
  return `${stem} (before reset ${timeInName(time)}${number}).ipynb`;
}
