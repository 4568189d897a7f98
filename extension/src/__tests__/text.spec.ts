import { strict as assert } from 'node:assert';
import test from 'node:test';

import { sizeText, timeInName } from '../text';

test('sizes have the unit that people expect', () => {
  const texts = [0, 999, 1000, 99_949, 99_950, 999_499, 999_500, 5e12].map(
    sizeText
  );
  assert.deepEqual(texts, [
    '0 bytes',
    '999 bytes',
    '1.0 KB',
    '99.9 KB',
    '100 KB',
    '999 KB',
    '1.0 MB',
    '5000 GB'
  ]);
});

test('times in names sort, and have no character that a system refuses', () => {
  assert.equal(timeInName(new Date(2026, 0, 2, 3, 4)), '2026-01-02 0304');
});
