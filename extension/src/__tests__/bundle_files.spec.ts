import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isBundle, isBundleFile, mayBeBundle } from '../commands/bundle_files';

/** Return the begin of a ZIP archive whose first member is stored. */
function archive(name: string, content: string, extra = 0): Uint8Array {
  const header = new Uint8Array(30);
  header.set([0x50, 0x4b, 3, 4]);
  header[26] = name.length;
  header[28] = extra;
  const text = new TextEncoder().encode(
    name + 'x'.repeat(extra) + content + 'PK\u0003\u0004'
  );
  return new Uint8Array([...header, ...text]);
}

const MIMETYPE = 'application/vnd.litestate+zip';

test('a bundle says that it is one in its first member', () => {
  assert.equal(isBundle(archive('mimetype', MIMETYPE)), true);
  assert.equal(isBundle(archive('mimetype', MIMETYPE, 28)), true);
});

test('other archives, and what is cut off, are no bundles', () => {
  assert.equal(isBundle(archive('mimetype', 'application/epub+zip')), false);
  assert.equal(isBundle(archive('mimetypo', MIMETYPE)), false);
  const whole = archive('mimetype', MIMETYPE);
  for (let size = 0; size < 30 + 8 + MIMETYPE.length; size++) {
    assert.equal(isBundle(whole.subarray(0, size)), false, String(size));
  }
});

test('a view into a larger buffer is read from where it begins', () => {
  const bytes = archive('mimetype', MIMETYPE);
  const shifted = new Uint8Array(bytes.length + 7);
  shifted.set(bytes, 7);
  assert.equal(isBundle(shifted.subarray(7)), true);
});

test('of a file, the first bytes are read', async () => {
  const bytes = archive('mimetype', MIMETYPE);
  assert.equal(await isBundleFile(new Blob([bytes.slice().buffer])), true);
  assert.equal(await isBundleFile(new Blob(['hello'])), false);
});

test('an archive of another name has to be read', () => {
  assert.equal(mayBeBundle('data.zip'), true);
  assert.equal(mayBeBundle('a.litestate.zip'), false);
  assert.equal(mayBeBundle('a.csv'), false);
});
