import { strict as assert } from 'node:assert';
import test from 'node:test';

import type { Contents } from '@jupyterlab/services';
import { strFromU8, unzipSync } from 'fflate';

import { archiveAll, IProgress, ISource } from '../all_files';

const TIME = '2026-12-01T12:00:00Z';
const SITE_TIME = '2026-11-01T12:00:00Z';

type Model = Partial<Contents.IModel>;

function file(path: string, model: Model): Contents.IModel {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const rest = { type: 'file', format: 'text', last_modified: TIME, ...model };
  return { name, path, ...rest } as Contents.IModel;
}

function folder(path: string, content: Contents.IModel[]): Contents.IModel {
  return file(path, { type: 'directory', format: 'json', content });
}

/** Contents like those of JupyterLite: the site's files, and those of the browser above them. */
function source(
  models: Contents.IModel[],
  site = new Map<string, string>()
): ISource {
  const find = (path: string) => models.find(model => model.path === path);
  return {
    contents: {
      get: async path => {
        const found = find(path);
        if (!found || found.content instanceof Error) {
          throw found?.content ?? new Error(`no ${path}`);
        }
        return found;
      }
    },
    site: {
      find: async path =>
        site.has(path)
          ? { name: path, type: 'file', last_modified: SITE_TIME }
          : undefined,
      read: async path => {
        const text = site.get(path);
        if (!text) {
          throw new TypeError('Failed to fetch');
        }
        return new Response(text);
      }
    }
  };
}

async function archive(
  from: ISource,
  signal = new AbortController().signal
): Promise<{
  texts: Record<string, string>;
  unreadable: string[];
  files: number;
  progress: IProgress[];
}> {
  const progress: IProgress[] = [];
  const { blob, files, unreadable } = await archiveAll(from, signal, each =>
    progress.push(each)
  );
  const entries = unzipSync(new Uint8Array(await blob.arrayBuffer()));
  const texts = Object.fromEntries(
    Object.entries(entries).map(([path, data]) => [path, strFromU8(data)])
  );
  const named = unreadable.map(({ path, reason }) => `${path}: ${reason}`);
  return { texts, unreadable: named, files, progress };
}

test('all files of all folders are in the archive, and empty folders', async () => {
  const a = file('a.txt', { content: 'A', size: 1 });
  const deep = file('d/ü/b.bin', { content: 'AAEC', format: 'base64' });
  const inner = folder('d/ü', [deep]);
  const empty = folder('d/empty', []);
  const outer = folder('d', [inner, empty]);
  const root = folder('', [a, outer]);
  const { texts, unreadable, files, progress } = await archive(
    source([root, a, outer, inner, empty, deep])
  );
  assert.deepEqual(texts, {
    'a.txt': 'A',
    'd/empty/': '',
    'd/ü/b.bin': '\0\x01\x02'
  });
  assert.deepEqual(unreadable, []);
  assert.equal(files, 2);
  assert.deepEqual(progress.at(-1), { done: 2, files: 2, part: 1 });
});

test("the site's own files have the site's bytes, unless the browser has others", async () => {
  const site = new Map([
    ['own.json', '{ "a": 1.0 }\n'],
    ['changed.txt', 'old']
  ]);
  const own = file('own.json', {
    format: 'json',
    content: { a: 1 },
    last_modified: SITE_TIME
  });
  const changed = file('changed.txt', { content: 'new' });
  const root = folder('', [own, changed]);
  const { texts } = await archive(source([root, own, changed], site));
  assert.deepEqual(texts, {
    'changed.txt': 'new',
    'own.json': '{ "a": 1.0 }\n'
  });
  // What the site does not answer now may be in the browser.
  site.set('own.json', '');
  const later = await archive(source([root, own, changed], site));
  assert.equal(later.texts['own.json'], '{"a":1}');
});

test('what cannot be read is named, and does not stop the rest', async () => {
  const bad = file('bad.txt', { content: new Error('damaged') });
  const half = file('half.bin', { content: '!!!!', format: 'base64' });
  const closed = file('closed', {
    type: 'directory',
    content: new Error('no folder')
  });
  const good = file('good.txt', { content: 'G' });
  const root = folder('', [bad, closed, half, good]);
  const { texts, unreadable, files } = await archive(
    source([root, bad, closed, half, good])
  );
  assert.deepEqual(texts, { 'good.txt': 'G' });
  assert.equal(files, 1);
  assert.deepEqual(unreadable.slice(0, 2), [
    'closed/: no folder',
    'bad.txt: damaged'
  ]);
  assert.match(unreadable[2], /^half\.bin: ./);
});

test('a list that cannot be read is an error', async () => {
  await assert.rejects(archive(source([])), /no /);
});

test('it can be cancelled between two files', async () => {
  const files = ['a', 'b', 'c'].map(name => file(name, { content: name }));
  const controller = new AbortController();
  const from = source([folder('', files), ...files]);
  const work = archiveAll(from, controller.signal, ({ done }) => {
    if (done === 2) {
      controller.abort(new Error('cancelled'));
    }
  });
  await assert.rejects(work, /cancelled/);
});
