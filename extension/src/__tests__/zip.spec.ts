import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import test from 'node:test';

import { unzipSync } from 'fflate';

import { PIECE, ZipWriter } from '../zip';

const NOON = new Date('2026-12-01T12:00:00');

async function bytesOf(zip: ZipWriter): Promise<Uint8Array> {
  return new Uint8Array(await zip.finish().arrayBuffer());
}

test('files have their bytes, whatever the size and the pieces', async () => {
  const zip = new ZipWriter();
  const files = new Map<string, Uint8Array>();
  const sizes = [0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3];
  for (const size of sizes) {
    const text = new TextEncoder().encode('0123456789 '.repeat(size / 11 + 1));
    files.set(`text-${size}`, text.slice(0, size));
    files.set(`random-${size}`, new Uint8Array(randomBytes(size)));
  }
  for (const [path, data] of files) {
    const cut = Math.floor(data.length / 3);
    await zip.addFile(path, [data.subarray(0, cut), data.subarray(cut)], NOON);
  }
  const found = unzipSync(await bytesOf(zip));
  assert.deepEqual(Object.keys(found), [...files.keys()]);
  for (const [path, data] of files) {
    assert.ok(Buffer.from(found[path]).equals(data), path);
  }
});

test('text shrinks, and what does not shrink is stored', async () => {
  const zip = new ZipWriter();
  const text = new Uint8Array(10 * PIECE).fill(65);
  const noise = new Uint8Array(randomBytes(10 * PIECE));
  await zip.addFile('text', [text], NOON);
  await zip.addFile('noise', [noise], NOON);
  const { length } = await bytesOf(zip);
  assert.ok(length < noise.length + PIECE, String(length));
  assert.ok(length < noise.length + 1000 + text.length / 50, String(length));
});

test('names in any script are UTF-8, and empty folders are kept', async () => {
  const zip = new ZipWriter();
  await zip.addFile('grüße/日本 😀.txt', [new Uint8Array([1])], NOON);
  zip.addFolder('leer/ü');
  const data = await bytesOf(zip);
  const names = Object.keys(unzipSync(data));
  assert.deepEqual(names, ['grüße/日本 😀.txt', 'leer/ü/']);
  // Bit 11 of the flags says that the name is UTF-8.
  assert.equal(data[7] & 8, 8);
});

test('a file may have no valid time', async () => {
  const zip = new ZipWriter();
  for (const time of ['1970-01-01', 'no time', '3000-01-01']) {
    await zip.addFile(time, [new Uint8Array([1])], new Date(time));
  }
  assert.equal(Object.keys(unzipSync(await bytesOf(zip))).length, 3);
});

test('more entries than a ZIP archive holds are refused', () => {
  const zip = new ZipWriter();
  assert.throws(() => {
    for (let index = 0; index < 65_536; index++) {
      zip.addFolder(String(index));
    }
  }, /65,534 files/);
});
