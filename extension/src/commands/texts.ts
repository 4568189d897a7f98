/** Times and names as texts. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISkipped } from '../reports';
import type { ICheckpoint } from './answers';

/** Suffix of bundles. */
export const BUNDLE_SUFFIX = '.litestate.zip';

/** Name of a bundle; browsers number downloads of the same name. */
const BUNDLE_NAME = /\.litestate ?(\(\d+\))?\.zip$/i;

/** Characters that file names cannot have on some systems. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[<>:"/\\|?*\u0000-\u001f\u007f]+/g;

/** Most characters of a file name without its suffix. */
const LONGEST_NAME = 120;

/** Most characters of a notification; JupyterLab cuts what is longer. */
const LONGEST_NOTIFICATION = 140;

/** Names of what was left out that are written out. */
const NAMED = 3;

/** Causes of checkpoints that say nothing to a user. */
const USUAL = new Set(['asked', 'cell']);

/**
 * Return a time of today as a clock shows it; before today, with the date.
 *
 * @param seconds Seconds since 1970.
 */
export function whenText(seconds: number, now: Date = new Date()): string {
  const time = new Date(1000 * seconds);
  if (time.toDateString() === now.toDateString()) {
    return time.toLocaleTimeString();
  }
  const isThisYear = time.getFullYear() === now.getFullYear();
  return time.toLocaleString([], {
    day: 'numeric',
    month: 'short',
    ...(!isThisYear && { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit'
  });
}

/** Return whether a file's name is that of a bundle. */
export function isBundleName(name: string): boolean {
  return BUNDLE_NAME.test(name);
}

/** Return the name of a notebook: that of its file, without folders and suffix. */
export function notebookName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.ipynb$/i, '');
}

/**
 * Return the name of the file that a user hands in.
 *
 * @param template Name with `{notebook}` and `{date}`, with or without the suffix of bundles.
 * @param path Path of the notebook.
 */
export function handInName(
  template: string,
  path: string,
  date: Date = new Date()
): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const values: Record<string, string> = {
    notebook: notebookName(path),
    date: [
      date.getFullYear(),
      two(date.getMonth() + 1),
      two(date.getDate())
    ].join('-')
  };
  const name = template
    .replace(BUNDLE_NAME, '')
    .replace(/\{(notebook|date)\}/g, (_, key: string) => values[key])
    .replace(FORBIDDEN, '_')
    .trim()
    .slice(0, LONGEST_NAME)
    // Windows has no names that end like this.
    .replace(/[. ]+$/, '');
  return (name.replace(/^\.+/, '') || values.notebook) + BUNDLE_SUFFIX;
}

/** Return a text that fits into a notification. */
export function shortened(text: string): string {
  return text.length > LONGEST_NOTIFICATION
    ? `${text.slice(0, LONGEST_NOTIFICATION - 1)}…`
    : text;
}

/** Return what was left out: the first names, and how many more. */
export function namesText(
  skipped: readonly ISkipped[],
  trans: TranslationBundle
): string {
  // One more is not worth a count.
  const shown = skipped.length === NAMED + 1 ? NAMED + 1 : NAMED;
  const names = skipped
    .slice(0, shown)
    .map(({ path }) => path)
    .join(', ');
  const more = skipped.length - shown;
  return more > 0 ? trans.__('%1 and %2 more', names, more) : names;
}

/** Return what to call a checkpoint: its label, or its number and why it was made. */
export function checkpointName(
  { number, label, cause }: Pick<ICheckpoint, 'number' | 'label' | 'cause'>,
  trans: TranslationBundle
): string {
  if (label) {
    return label;
  }
  const name = trans.__('Checkpoint %1', number);
  return USUAL.has(cause) ? name : `${name} (${cause})`;
}
