import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isForPyodide } from '../kernels';

const BOTH = {
  default: 'python',
  kernelspecs: { python: {}, javascript: {}, xpython: {} }
};

test('the name of the kernel decides', () => {
  assert.equal(isForPyodide('python', {}, BOTH), true);
  assert.equal(isForPyodide('javascript', { name: 'python' }, BOTH), false);
  assert.equal(isForPyodide(undefined, { name: 'xpython' }, BOTH), false);
  assert.equal(isForPyodide(undefined, { name: 'python' }, BOTH), true);
});

test('without a name the language decides, and then the default', () => {
  assert.equal(
    isForPyodide(undefined, { language: 'javascript' }, BOTH),
    false
  );
  assert.equal(isForPyodide(undefined, { language: 'Python' }, BOTH), true);
  assert.equal(isForPyodide('', { name: '' }, BOTH), true);
  const other = { ...BOTH, default: 'javascript' };
  assert.equal(isForPyodide(undefined, {}, other), false);
});

test('a site without Pyodide has nothing to wait for', () => {
  const other = { default: 'xpython', kernelspecs: { xpython: {} } };
  assert.equal(isForPyodide(undefined, { language: 'python' }, other), false);
  assert.equal(isForPyodide('python', {}, other), false);
});

test('as long as the kernels are unknown, what the session asks for decides', () => {
  assert.equal(isForPyodide(undefined, {}, null), true);
  assert.equal(isForPyodide(undefined, { name: 'javascript' }, null), false);
});
