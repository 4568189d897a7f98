import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import test from 'node:test';

import type { Contents } from '@jupyterlab/services';

import { fileBytes, jsonText } from '../file_bytes';

type Model = Pick<Contents.IModel, 'type' | 'format' | 'content'>;

function bytes(model: Partial<Model>): Buffer {
  return Buffer.concat([
    ...fileBytes({ type: 'file', format: 'text', content: '', ...model })
  ]);
}

test('text is UTF-8, with its own line breaks', () => {
  const text = 'a\r\nb\nü 日本 😀\u2028 ';
  // Characters of two units are at all borders of pieces.
  for (const content of [
    '',
    text,
    `x${'😀'.repeat(100_000)}`,
    '😀'.repeat(9e4)
  ]) {
    assert.ok(
      bytes({ content }).equals(Buffer.from(content)),
      content.slice(9)
    );
  }
});

test('base64 is decoded, also in lines', () => {
  for (const size of [0, 1, 2, 3, 48 * 1024, 48 * 1024 + 1, 500_001]) {
    const data = randomBytes(size);
    const content = data.toString('base64');
    assert.ok(bytes({ format: 'base64', content }).equals(data), String(size));
    const lines = content.replace(/.{1,76}/g, '$&\n');
    assert.ok(bytes({ format: 'base64', content: lines }).equals(data));
  }
});

test('content that is not base64 is an error', () => {
  assert.throws(() => bytes({ format: 'base64', content: '!!!!' }));
});

test('a notebook is as Jupyter writes it, other JSON as kernels read it', () => {
  const content = {
    cells: [
      { cell_type: 'code', source: 'ü = "\\n"', outputs: [], metadata: {} }
    ],
    nbformat: 4
  };
  const notebook = { type: 'notebook', format: 'json', content } as const;
  assert.equal(
    bytes(notebook).toString(),
    `${JSON.stringify(content, null, 1)}\n`
  );
  assert.equal(
    bytes({ format: 'json', content }).toString(),
    JSON.stringify(content)
  );
});

test('nothing is an empty file', () => {
  assert.equal(bytes({ format: 'base64', content: null }).length, 0);
  assert.equal(bytes({ format: 'text', content: undefined }).length, 0);
});

test('JSON in pieces is that of JSON.stringify', () => {
  const values = [
    null,
    [],
    {},
    [[]],
    [{}],
    { a: {} },
    { a: undefined, b: 1 },
    { a: undefined },
    [undefined, 1],
    'ü"\n\ud800',
    -0,
    1e300,
    NaN,
    { a: [1, [2, { c: [true, null] }]], 'k"\n': 'v' }
  ];
  for (const value of values) {
    assert.equal([...jsonText(value)].join(''), JSON.stringify(value, null, 1));
  }
});
