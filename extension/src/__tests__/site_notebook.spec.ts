import { strict as assert } from 'node:assert';
import test from 'node:test';

import { isSame, nameBeforeReset, parseNotebook } from '../site_notebook';

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

test('a notebook with the same cells and no outputs needs no reset', () => {
  const cell = { cell_type: 'code', id: '1', source: 'a\nb', outputs: [] };
  const site = { cells: [{ ...cell, id: '2', source: ['a\n', 'b'] }] };
  assert.ok(isSame({ cells: [cell] }, site));
  assert.ok(isSame({ cells: [] }, { cells: [] }));
  const others = [
    { ...cell, source: 'a\nc' },
    { ...cell, cell_type: 'markdown' },
    { ...cell, outputs: [{ output_type: 'stream' }] }
  ];
  for (const other of others) {
    assert.ok(!isSame({ cells: [other] }, site));
  }
  assert.ok(!isSame({ cells: [cell, cell] }, site));
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
