import { strict as assert } from 'node:assert';
import test from 'node:test';

import { nameBeforeReset, parseNotebook } from '../site_notebook';

test('a notebook is read, and nothing else', () => {
  const text =
    '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}';
  assert.deepEqual(parseNotebook(text), JSON.parse(text));
  const others = [
    '',
    '<html>',
    'null',
    '[]',
    '{}',
    '{"cells": {}, "nbformat": 4}'
  ];
  for (const other of others) {
    assert.throws(() => parseNotebook(other), /cannot be read/, other);
  }
});

test('my version gets a name beside the notebook', () => {
  const time = new Date(2026, 11, 1, 5, 12);
  assert.equal(
    nameBeforeReset('a.ipynb/b.ipynb', time, 1),
    'a.ipynb/b (before reset 2026-12-01 0512).ipynb'
  );
  assert.equal(
    nameBeforeReset('b.ipynb', time, 2),
    'b (before reset 2026-12-01 0512, 2).ipynb'
  );
});
