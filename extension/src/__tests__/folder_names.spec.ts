import { strict as assert } from 'node:assert';
import test from 'node:test';

import { folderName } from '../folder_names';
// tests/build/test_folder_names.py compares it with Python.
import NAMES from './folder_names.json';

test('names are those of Python', () => {
  for (const [text, name] of Object.entries(NAMES)) {
    assert.equal(folderName(text), name, text);
  }
});
