import assert from 'node:assert/strict';
import { test } from 'node:test';

import { canAsk, canChange } from '../commands/enabled';
import type { Status } from '../tokens';

test('commands work once the kernel has answered, and changes only in the tab that stores them', () => {
  const cases: [Status, boolean, boolean][] = [
    [{ kind: 'restoring' }, false, false],
    [{ kind: 'off', reason: 'This kernel is not Python.' }, false, false],
    [{ kind: 'off', reason: '' }, true, true],
    [{ kind: 'saved', since: 1 }, true, true],
    [{ kind: 'saving' }, true, true],
    [{ kind: 'unsaved', cells: 2 }, true, true],
    [{ kind: 'failed', reason: 'no room' }, true, true],
    [{ kind: 'readonly' }, true, false]
  ];
  for (const [status, mayAsk, mayChange] of cases) {
    const name = JSON.stringify(status);
    assert.equal(canAsk({ status }), mayAsk, name);
    assert.equal(canChange({ status }), mayChange, name);
  }
});
