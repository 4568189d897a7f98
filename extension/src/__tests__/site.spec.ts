import { strict as assert } from 'node:assert';
import test from 'node:test';

import { siteOf, SiteFiles } from '../site';

const BASE = 'https://example.org/some/where/';

/** A site that answers some addresses, and counts the requests. */
class Host {
  readonly asked: string[] = [];
  readonly answers = new Map<string, () => Response>();

  readonly fetch = (async (address: string) => {
    this.asked.push(address);
    const answer = this.answers.get(address);
    return answer ? answer() : new Response('not found', { status: 404 });
  }) as typeof fetch;

  files(index = 'all.json'): SiteFiles {
    return new SiteFiles(BASE, index, this.fetch);
  }
}

const LISTING = () =>
  Response.json({ content: [{ name: 'a.ipynb', type: 'notebook' }] });

test('the address of the site is the one that kernels find', () => {
  const pages = ['lab/index.html?path=x', 'notebooks/', 'repl/index.html'];
  for (const page of pages) {
    assert.equal(siteOf('../extensions', BASE + page), BASE);
    assert.equal(siteOf('../extensions/', BASE + page), BASE);
  }
  assert.equal(siteOf(`${BASE}extensions`, 'https://example.org/x/'), BASE);
});

test('a file of the site is found in the index of its folder', async () => {
  const host = new Host();
  host.answers.set(`${BASE}api/contents/all.json`, LISTING);
  host.answers.set(`${BASE}api/contents/%C3%BC/%23%201/all.json`, LISTING);
  const files = host.files();
  assert.equal((await files.find('a.ipynb'))?.type, 'notebook');
  assert.equal((await files.find('ü/# 1/a.ipynb'))?.type, 'notebook');
  assert.equal(await files.find('b.ipynb'), undefined);
  assert.equal(await files.find('other/a.ipynb'), undefined);
  // Each folder was asked for once.
  assert.equal(host.asked.length, 3);
});

test('a host that answers everything with a page has no such file', async () => {
  const host = new Host();
  const headers = { 'Content-Type': 'text/html; charset=utf-8' };
  host.answers.set(
    `${BASE}api/contents/all.json`,
    () => new Response('<html>', { headers })
  );
  assert.equal(await host.files().find('a.ipynb'), undefined);
});

test('a site without an index has no files, and nothing is asked', async () => {
  const host = new Host();
  assert.equal(await host.files('').find('a.ipynb'), undefined);
  assert.deepEqual(host.asked, []);
});

test('an index that cannot be read now is asked for again', async () => {
  const host = new Host();
  const files = host.files();
  host.answers.set(`${BASE}api/contents/all.json`, () => {
    throw new TypeError('Failed to fetch');
  });
  await assert.rejects(files.find('a.ipynb'), /Failed to fetch/);
  host.answers.set(`${BASE}api/contents/all.json`, LISTING);
  assert.ok(await files.find('a.ipynb'));
});

test('a file is read from the site, or the error names its address', async () => {
  const host = new Host();
  host.answers.set(`${BASE}files/d/a.txt`, () => new Response('text'));
  const answer = await host.files().read('d/a.txt');
  assert.equal(await answer.text(), 'text');
  await assert.rejects(host.files().read('b.txt'), /files\/b\.txt \(404\)/);
});
