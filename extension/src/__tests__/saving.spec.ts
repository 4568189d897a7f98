import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IFacts, IKernelState } from '../saving';
import { statusOf } from '../saving';

const KERNEL: IKernelState = {
  active: true,
  begun: 3,
  stored: 3,
  trouble: '',
  unsaved: {},
  writable: true,
  transient: '',
  newest: { number: 2, title: '', created: 1_000, cell: 3 }
};

const FACTS: IFacts = {
  missing: '',
  isStarting: false,
  kernel: KERNEL,
  sent: 3,
  isDirty: false,
  isSaving: false,
  failure: '',
  savedAt: 2_000_000
};

function kindOf(
  facts: Partial<IFacts>,
  kernel?: Partial<IKernelState>
): string {
  const all = { ...FACTS, ...facts };
  return statusOf(kernel ? { ...all, kernel: { ...KERNEL, ...kernel } } : all)
    .kind;
}

test('the status is "saved" only if everything is stored', () => {
  assert.deepEqual(statusOf(FACTS), { kind: 'saved', since: 2_000_000 });
  assert.equal(kindOf({ isDirty: true }), 'unsaved');
  assert.equal(kindOf({ isSaving: true }), 'saving');
  assert.equal(kindOf({ sent: 4 }), 'unsaved');
  assert.equal(kindOf({}, { begun: 4 }), 'unsaved');
  assert.equal(kindOf({}, { stored: 2 }), 'unsaved');
});

test('cells count that were sent, and those of other clients', () => {
  assert.deepEqual(statusOf({ ...FACTS, sent: 5 }), {
    kind: 'unsaved',
    cells: 2
  });
  const kernel = { ...KERNEL, begun: 7 };
  assert.deepEqual(statusOf({ ...FACTS, kernel }), {
    kind: 'unsaved',
    cells: 4
  });
});

test('the time is that of what was stored last', () => {
  const status = statusOf({ ...FACTS, savedAt: 0 });
  assert.deepEqual(status, { kind: 'saved', since: 1_000_000 });
  const kernel = { ...KERNEL, newest: null };
  assert.deepEqual(statusOf({ ...FACTS, kernel, savedAt: 0 }), {
    kind: 'saved',
    since: 0
  });
});

test('nothing is "saved" before the kernel has answered', () => {
  assert.equal(kindOf({ isStarting: true }), 'restoring');
  assert.equal(kindOf({ kernel: null }), 'restoring');
});

test('the status has the reason why nothing is saved', () => {
  assert.deepEqual(statusOf({ ...FACTS, missing: 'no Python' }), {
    kind: 'off',
    reason: 'no Python'
  });
  assert.equal(kindOf({}, { active: false }), 'off');
  assert.equal(kindOf({}, { writable: false }), 'readonly');
  assert.equal(kindOf({}, { transient: 'No storage.' }), 'temporary');
  assert.equal(kindOf({}, { temporary: true }), 'temporary');
});

test('what failed comes before anything else', () => {
  const failed = { kind: 'failed', reason: 'no room' };
  assert.deepEqual(statusOf({ ...FACTS, failure: 'no room' }), failed);
  const kernel = { ...KERNEL, trouble: 'no room' };
  assert.deepEqual(statusOf({ ...FACTS, kernel, sent: 9 }), failed);
  const unsaved = { ...KERNEL, unsaved: { 'a.db': 'too large' } };
  assert.deepEqual(statusOf({ ...FACTS, kernel: unsaved }), {
    kind: 'failed',
    reason: 'a.db: too large'
  });
});
