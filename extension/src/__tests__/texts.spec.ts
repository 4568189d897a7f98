import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import {
  checkpointName,
  handInName,
  isBundleName,
  namesText,
  notebookName,
  shortened,
  whenText
} from '../commands/texts';

// JupyterLab's own translator cannot be loaded without a bundler.
const trans = {
  __: (text: string, ...values: unknown[]) =>
    text.replace(/%(\d)/g, (_, index) => String(values[Number(index) - 1]))
} as TranslationBundle;

test('a time of today has no date, one of another year has the year', () => {
  const now = new Date(2026, 11, 1, 12);
  const seconds = (...parts: [number, number, number, number]) =>
    new Date(...parts).getTime() / 1000;
  assert.doesNotMatch(whenText(seconds(2026, 11, 1, 9), now), /2026|Dec/);
  const earlier = whenText(seconds(2026, 10, 30, 9), now);
  assert.match(earlier, /30/);
  assert.doesNotMatch(earlier, /2026/);
  assert.match(whenText(seconds(2025, 11, 1, 9), now), /2025/);
});

test('bundles are known by their names, also as numbered downloads', () => {
  for (const name of [
    'a.litestate.zip',
    'a.LiteState.ZIP',
    'a.litestate (1).zip',
    'a.litestate(12).zip'
  ]) {
    assert.equal(isBundleName(name), true, name);
  }
  for (const name of ['a.zip', 'litestate.zip', 'a.litestate.zip.txt']) {
    assert.equal(isBundleName(name), false, name);
  }
});

test('the file to hand in is named by the setting', () => {
  const date = new Date(2026, 0, 5);
  const name = (template: string, path = 'course/week 3.ipynb') =>
    handInName(template, path, date);
  assert.equal(name('{notebook}-{date}'), 'week 3-2026-01-05.litestate.zip');
  assert.equal(name('HW3 {notebook}'), 'HW3 week 3.litestate.zip');
  assert.equal(name('mine.litestate.zip'), 'mine.litestate.zip');
  // What a setting or a name of a notebook must not do.
  assert.equal(name('../../{date}'), '_.._2026-01-05.litestate.zip');
  assert.equal(name('a/b\\c:d?'), 'a_b_c_d_.litestate.zip');
  assert.equal(name(''), 'week 3.litestate.zip');
  assert.equal(name('...'), 'week 3.litestate.zip');
  assert.equal(name('{notebook}', '{date}.ipynb'), '{date}.litestate.zip');
  assert.ok(name('x'.repeat(500)).length < 150);
});

test('a notebook is named by its file', () => {
  assert.equal(notebookName('a/b/c.ipynb'), 'c');
  assert.equal(notebookName('c.d.IPYNB'), 'c.d');
});

test('a notification is not longer than JupyterLab shows', () => {
  assert.equal(shortened('short'), 'short');
  assert.equal(shortened('x'.repeat(141)).length, 140);
});

test('a list of names counts what it does not name', () => {
  const skipped = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      path: `f${index}`,
      reason: '',
      advice: ''
    }));
  assert.equal(namesText(skipped(1), trans), 'f0');
  assert.equal(namesText(skipped(4), trans), 'f0, f1, f2, f3');
  assert.equal(namesText(skipped(9), trans), 'f0, f1, f2 and 6 more');
});

test('a checkpoint is called by its label, or its number and cause', () => {
  const name = (label: string | null, cause: string) =>
    checkpointName({ number: 7, label, cause }, trans);
  assert.equal(name('clean', 'asked'), 'clean');
  assert.equal(name(null, 'cell'), 'Checkpoint 7');
  assert.equal(name(null, 'before load'), 'Checkpoint 7 (before load)');
});
