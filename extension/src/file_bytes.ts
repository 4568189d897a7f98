/** The bytes of a file as JupyterLab's contents have it, in pieces. */

import type { Contents } from '@jupyterlab/services';

/** Characters of a piece: a multiple of 4, which base64 makes 3 bytes of. */
const PIECE = 64 * 1024;

/**
 * Return the bytes of a file.
 *
 * Notebooks get the line breaks and indentation that Jupyter writes; other JSON is as JupyterLite
 * hands it to kernels.
 */
export function fileBytes({
  type,
  format,
  content
}: Pick<Contents.IModel, 'type' | 'format' | 'content'>): Iterable<Uint8Array> {
  if (content === null || content === undefined) {
    return [];
  }
  if (typeof content !== 'string') {
    return textBytes(
      type === 'notebook' ? notebookText(content) : [JSON.stringify(content)]
    );
  }
  return format === 'base64'
    ? base64Bytes(content)
    : textBytes(slices(content));
}

/** The text of a notebook's file, as `nbformat` writes it. */
function* notebookText(content: unknown): Iterable<string> {
  yield* jsonText(content, '\n');
  yield '\n';
}

/** The same as `JSON.stringify(value, null, 1)`, in pieces. */
export function* jsonText(value: unknown, line = '\n'): Iterable<string> {
  const inner = `${line} `;
  if (Array.isArray(value) && value.length) {
    let before = '[';
    for (const item of value) {
      yield before + inner;
      yield* jsonText(item, inner);
      before = ',';
    }
    yield `${line}]`;
  } else if (isObject(value)) {
    let before = '{';
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) {
        yield `${before}${inner}${JSON.stringify(key)}: `;
        yield* jsonText(item, inner);
        before = ',';
      }
    }
    yield before === '{' ? '{}' : `${line}}`;
  } else {
    yield JSON.stringify(value) ?? 'null';
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Encode texts, several of them at a time. */
function* textBytes(texts: Iterable<string>): Iterable<Uint8Array> {
  const encoder = new TextEncoder();
  let gathered: string[] = [];
  let length = 0;
  for (const text of texts) {
    gathered.push(text);
    length += text.length;
    if (length >= PIECE) {
      yield encoder.encode(gathered.join(''));
      gathered = [];
      length = 0;
    }
  }
  yield encoder.encode(gathered.join(''));
}

/** Cut a text, but no character that takes two units of it. */
function* slices(text: string): Iterable<string> {
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + PIECE, text.length);
    const last = text.charCodeAt(end - 1);
    if (last >= 0xd800 && last < 0xdc00 && end < text.length) {
      end += 1;
    }
    yield text.slice(start, end);
    start = end;
  }
}

function* base64Bytes(text: string): Iterable<Uint8Array> {
  let rest = '';
  for (let start = 0; start < text.length; start += PIECE) {
    // Python writes it in lines.
    const part = rest + text.slice(start, start + PIECE).replace(/\s+/g, '');
    const whole = part.length - (part.length % 4);
    yield decoded(part.slice(0, whole));
    rest = part.slice(whole);
  }
  yield decoded(rest);
}

function decoded(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) {
    bytes[index] = binary.charCodeAt(index);
  }
  return bytes;
}
