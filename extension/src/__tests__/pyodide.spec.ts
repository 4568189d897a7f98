import { strict as assert } from 'node:assert';
import test from 'node:test';

import {
  areFilesInMemory,
  KERNEL_PLUGIN,
  LITESTATE_PLUGIN,
  PluginSettings,
  redirect,
  redirectPage
} from '../pyodide';

const ADDRESSES = {
  page: 'https://example.org/some/where/lab/index.html?path=a.ipynb',
  labextensions: '../extensions'
};
const MODULE =
  'https://example.org/some/where/extensions/litestate/static/kernel/litestate.mjs';
const CDN = 'https://cdn.example.net/pyodide/v1/full/pyodide.mjs';

function redirected(
  settings: PluginSettings,
  addresses = ADDRESSES
): string | undefined {
  return redirect(settings, addresses)?.[KERNEL_PLUGIN]?.pyodideUrl as
    string | undefined;
}

test('a self-hosted Pyodide is resolved against the page', () => {
  const address = redirected({
    [KERNEL_PLUGIN]: { pyodideUrl: '../static/pyodide/pyodide.mjs' }
  });
  const real = encodeURIComponent(
    'https://example.org/some/where/static/pyodide/pyodide.mjs'
  );
  assert.equal(address, `${MODULE}?pyodide=${real}`);
});

test("the kernel's default is taken from the settings that the addon wrote", () => {
  const address = redirected({
    [LITESTATE_PLUGIN]: { defaultPyodideUrl: CDN }
  });
  assert.equal(address, `${MODULE}?pyodide=${encodeURIComponent(CDN)}`);
});

test('the address of the site wins over the default', () => {
  const address = redirected({
    [KERNEL_PLUGIN]: { pyodideUrl: 'https://other.example/p/pyodide.mjs' },
    [LITESTATE_PLUGIN]: { defaultPyodideUrl: CDN }
  });
  assert.ok(
    address?.endsWith(encodeURIComponent('https://other.example/p/pyodide.mjs'))
  );
});

test("the kernel finds litestate's folder by the last slash", () => {
  const address = redirected({
    [KERNEL_PLUGIN]: {
      pyodideUrl: 'https://other.example/a.mjs?real=/b/c.mjs&d=1#e'
    }
  });
  const folder = address?.slice(0, address.lastIndexOf('/') + 1);
  assert.equal(folder, MODULE.replace('litestate.mjs', ''));
  const real = new URL(address as string).searchParams.get('pyodide');
  assert.equal(real, 'https://other.example/a.mjs?real=/b/c.mjs&d=1#e');
});

test('nothing is changed twice', () => {
  const settings = { [KERNEL_PLUGIN]: { pyodideUrl: CDN } };
  const once = redirect(settings, ADDRESSES) as PluginSettings;
  assert.equal(redirect(once, ADDRESSES), undefined);
});

test('nothing is changed where no address is known', () => {
  assert.equal(redirect({}, ADDRESSES), undefined);
  assert.equal(
    redirect({ [KERNEL_PLUGIN]: { pyodideUrl: '' } }, ADDRESSES),
    undefined
  );
});

test('other settings are kept', () => {
  const settings = {
    [KERNEL_PLUGIN]: { pyodideUrl: CDN, disablePyPIFallback: true },
    other: { a: 1 }
  };
  const changed = redirect(settings, ADDRESSES) as PluginSettings;
  assert.equal(changed[KERNEL_PLUGIN]?.disablePyPIFallback, true);
  assert.deepEqual(changed.other, { a: 1 });
  assert.equal(settings[KERNEL_PLUGIN].pyodideUrl, CDN);
});

test('labextensions with an absolute address', () => {
  const address = redirected(
    { [KERNEL_PLUGIN]: { pyodideUrl: CDN } },
    { ...ADDRESSES, labextensions: 'https://static.example/x/' }
  );
  assert.ok(
    address?.startsWith('https://static.example/x/litestate/static/kernel/')
  );
});

test('the classic script of older kernels is left alone', () => {
  const pyodideUrl = 'https://cdn.example.net/pyodide/v0.29/full/pyodide.js';
  assert.equal(
    redirect({ [KERNEL_PLUGIN]: { pyodideUrl } }, ADDRESSES),
    undefined
  );
});

test('the kernel is told that files are in memory', () => {
  const settings = { [KERNEL_PLUGIN]: { pyodideUrl: CDN } };
  const changed = redirect(settings, { ...ADDRESSES, areFilesInMemory: true });
  const expected = `${MODULE}?pyodide=${encodeURIComponent(CDN)}&contents=memory`;
  assert.equal(changed?.[KERNEL_PLUGIN]?.pyodideUrl, expected);
});

test('files are in memory if that is the first driver, and enabled', () => {
  const inMemory = (enabled: string, drivers: string) => {
    const options: Record<string, string> = {
      enableMemoryStorage: enabled,
      contentsStorageDrivers: drivers
    };
    return areFilesInMemory(name => options[name] ?? '');
  };
  assert.equal(inMemory('true', '["memoryStorageDriver"]'), true);
  assert.equal(inMemory('true', '"memoryStorageDriver"'), true);
  assert.equal(inMemory('false', '["memoryStorageDriver"]'), false);
  assert.equal(inMemory('', '["memoryStorageDriver"]'), false);
  // Only where the browser has nothing else.
  assert.equal(
    inMemory('true', '["asyncStorage", "memoryStorageDriver"]'),
    false
  );
  assert.equal(inMemory('true', ''), false);
  assert.equal(inMemory('', ''), false);
});

/** Options of a page, as `PageConfig` has them. */
class Page {
  constructor(private readonly _options: Record<string, string>) {}

  getOption = (name: string) => this._options[name] ?? '';

  setOption = (name: string, value: string) => {
    this.changed[name] = value;
  };

  readonly changed: Record<string, string> = {};
}

test("the page's settings are changed before kernels read them", () => {
  const page = new Page({
    fullLabextensionsUrl: ADDRESSES.labextensions,
    litePluginSettings: JSON.stringify({ [KERNEL_PLUGIN]: { pyodideUrl: CDN } })
  });
  redirectPage(page, ADDRESSES.page);
  const settings = JSON.parse(
    page.changed.litePluginSettings
  ) as PluginSettings;
  const expected = `${MODULE}?pyodide=${encodeURIComponent(CDN)}`;
  assert.equal(settings[KERNEL_PLUGIN]?.pyodideUrl, expected);
});

test('JupyterLab with a server is left alone', () => {
  const page = new Page({ fullLabextensionsUrl: '/lab/extensions' });
  redirectPage(page, 'http://localhost:8888/lab');
  assert.deepEqual(page.changed, {});
});
