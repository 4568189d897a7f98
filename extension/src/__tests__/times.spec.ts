import { strict as assert } from 'node:assert';
import test from 'node:test';

import { timeInName } from '../times';

test('times in names sort, and have no character that a system refuses', () => {
  assert.equal(timeInName(new Date(2026, 0, 2, 3, 4)), '2026-01-02 0304');
});
