import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import { statusDetails, statusText, timeText } from '../status_texts';
import type { Status } from '../tokens';

const fill = (text: string, ...values: unknown[]) =>
  values.reduce<string>(
    (all, it, at) => all.replace(`%${at + 1}`, String(it)),
    text
  );

// As JupyterLab's translator for English, which Node.js cannot import.
const trans = {
  __: fill,
  _n: (one: string, many: string, count: number) =>
    fill(count === 1 ? one : many, count)
} as TranslationBundle;

const ALL: Status[] = [
  { kind: 'off', reason: '' },
  { kind: 'off', reason: 'No Python.' },
  { kind: 'restoring' },
  { kind: 'saving' },
  { kind: 'saved', since: 0 },
  { kind: 'saved', since: Date.now() },
  { kind: 'unsaved', cells: 0 },
  { kind: 'unsaved', cells: 1 },
  { kind: 'unsaved', cells: 2 },
  { kind: 'temporary', reason: '' },
  { kind: 'temporary', reason: 'No storage.' },
  { kind: 'readonly' },
  { kind: 'failed', reason: 'No room.' }
];

test('there is a text, and there are details for each status', () => {
  for (const status of ALL) {
    assert.ok(statusText(status, trans));
    assert.ok(statusDetails(status, trans));
  }
});

test('one cell is in the singular', () => {
  const text = (cells: number) => statusText({ kind: 'unsaved', cells }, trans);
  assert.equal(text(1), '1 cell not saved yet');
  assert.equal(text(2), '2 cells not saved yet');
});

test('a time has a date only if it is of another day', () => {
  const time = new Date(2026, 0, 5, 12, 3);
  const at = (...[month, day]: [number, number]) =>
    timeText(time.getTime(), new Date(2026, month, day));
  assert.match(at(0, 5), /12:03/);
  assert.doesNotMatch(at(0, 5), /5/);
  assert.match(at(0, 6), /5.*12:03/);
});
