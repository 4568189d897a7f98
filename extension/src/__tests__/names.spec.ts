import { strict as assert } from 'node:assert';
import test from 'node:test';

import { HistoryNames, KEPT_AFTER_DELETION } from '../names';

const SITE = 'https://example.org/one/';
const START = Date.parse('2026-12-01T05:00:00Z');

/** Storage like the browser's. */
class Records extends Map<string, string> {
  get length(): number {
    return this.size;
  }
  key(index: number): string | null {
    return [...this.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.set(key, value);
  }
  removeItem(key: string): void {
    this.delete(key);
  }
}

class Clock {
  time = START;
  readonly records = new Records();
  readonly names = new HistoryNames(this.records, SITE, () => this.time);
}

test('a history has the name that its notebook had first', () => {
  const { names, records } = new Clock();
  assert.deepEqual(names.historyOf('a.ipynb'), { name: 'a.ipynb' });
  // litestate/browser/notebook.py reads it.
  assert.equal(records.get(`litestate:${SITE}:a.ipynb`), 'a.ipynb');
  names.rename('a.ipynb', 'folder/b.ipynb');
  names.rename('folder/b.ipynb', 'c.ipynb');
  assert.deepEqual(names.historyOf('c.ipynb'), { name: 'a.ipynb' });
});

test('another notebook with the old path begins its own history, once', () => {
  const clock = new Clock();
  clock.names.rename('Untitled.ipynb', 'work.ipynb');
  const { name } = clock.names.historyOf('Untitled.ipynb');
  assert.equal(name, 'Untitled.ipynb of 2026-12-01T05:00:00.000Z');
  clock.time += 1000;
  assert.equal(clock.names.historyOf('Untitled.ipynb').name, name);
  assert.equal(clock.names.historyOf('work.ipynb').name, 'Untitled.ipynb');
});

test('a notebook that gets its first name again keeps its history', () => {
  const { names } = new Clock();
  names.rename('a.ipynb', 'b.ipynb');
  names.rename('b.ipynb', 'a.ipynb');
  assert.deepEqual(names.historyOf('a.ipynb'), { name: 'a.ipynb' });
  assert.deepEqual(names.historyOf('b.ipynb'), { name: 'b.ipynb' });
});

test('two notebooks that swap their names keep their histories', () => {
  const { names } = new Clock();
  names.historyOf('a.ipynb');
  names.historyOf('b.ipynb');
  names.rename('a.ipynb', 'other.ipynb');
  names.rename('b.ipynb', 'a.ipynb');
  names.rename('other.ipynb', 'b.ipynb');
  assert.deepEqual(names.historyOf('a.ipynb'), { name: 'b.ipynb' });
  assert.deepEqual(names.historyOf('b.ipynb'), { name: 'a.ipynb' });
});

test('histories follow a renamed folder, also if its content was reported first', () => {
  for (const isReported of [false, true]) {
    const { names } = new Clock();
    names.historyOf('old/deep/a.ipynb');
    names.historyOf('older/b.ipynb');
    if (isReported) {
      names.rename('old/deep/a.ipynb', 'new/deep/a.ipynb');
      names.rename('old/deep', 'new/deep');
    }
    names.rename('old', 'new');
    assert.equal(
      names.historyOf('new/deep/a.ipynb').name,
      'old/deep/a.ipynb',
      String(isReported)
    );
    assert.equal(names.historyOf('older/b.ipynb').name, 'older/b.ipynb');
    assert.notEqual(
      names.historyOf('old/deep/a.ipynb').name,
      'old/deep/a.ipynb'
    );
  }
});

test('files that are no notebooks leave no record', () => {
  const { names, records } = new Clock();
  names.rename('a.csv', 'b.csv');
  names.copy('a.csv', 'b.csv');
  names.delete('a.csv');
  assert.equal(records.size, 0);
});

test('a copy may begin with the state of the original', () => {
  const { names } = new Clock();
  names.historyOf('a.ipynb');
  names.copy('a.ipynb', 'a (copy).ipynb');
  const copy = { name: 'a (copy).ipynb', copyOf: 'a.ipynb' };
  assert.deepEqual(names.historyOf('a (copy).ipynb'), copy);
  // As long as nothing is its own.
  assert.deepEqual(names.historyOf('a (copy).ipynb'), copy);
  names.forgetOrigin('a (copy).ipynb');
  assert.deepEqual(names.historyOf('a (copy).ipynb'), {
    name: 'a (copy).ipynb'
  });
});

test('a copy is of the history, whatever the name of the original', () => {
  const { names } = new Clock();
  names.rename('a.ipynb', 'b.ipynb');
  names.copy('b.ipynb', 'c.ipynb');
  names.rename('b.ipynb', 'd.ipynb');
  names.rename('c.ipynb', 'e.ipynb');
  assert.equal(names.historyOf('e.ipynb').copyOf, 'a.ipynb');
});

test('a copy of a copy that was never opened is one of the original', () => {
  const { names } = new Clock();
  names.copy('a.ipynb', 'b.ipynb');
  names.copy('b.ipynb', 'c.ipynb');
  assert.equal(names.historyOf('c.ipynb').copyOf, 'a.ipynb');
  names.historyOf('b.ipynb');
  names.copy('b.ipynb', 'd.ipynb');
  assert.equal(names.historyOf('d.ipynb').copyOf, 'b.ipynb');
});

test('a copy over another notebook has a history of its own', () => {
  const { names } = new Clock();
  names.historyOf('a.ipynb');
  names.historyOf('b.ipynb');
  names.copy('a.ipynb', 'b.ipynb');
  const history = names.historyOf('b.ipynb');
  assert.equal(history.copyOf, 'a.ipynb');
  assert.equal(history.deletedAt, undefined);
  assert.notEqual(history.name, 'b.ipynb');
});

test('the history of a deleted notebook is offered to the next one', () => {
  const clock = new Clock();
  clock.names.rename('a.ipynb', 'b.ipynb');
  clock.names.delete('b.ipynb');
  clock.time += 5000;
  const history = clock.names.historyOf('b.ipynb');
  assert.deepEqual(history, {
    name: 'b.ipynb',
    copyOf: 'a.ipynb',
    deletedAt: START
  });
});

test('it does not become the history of the next one', () => {
  const { names } = new Clock();
  names.historyOf('a.ipynb');
  names.delete('a.ipynb');
  assert.notEqual(names.historyOf('a.ipynb').name, 'a.ipynb');
  // The next one may have been renamed before.
  names.rename('a.ipynb', 'b.ipynb');
  assert.equal(names.historyOf('b.ipynb').deletedAt, undefined);
  const third = names.historyOf('a.ipynb');
  assert.equal(third.copyOf, 'a.ipynb');
  assert.equal(third.deletedAt, START);
});

test("a site's notebook that is deleted twice is offered what it had", () => {
  const clock = new Clock();
  clock.names.historyOf('start.ipynb');
  clock.names.delete('start.ipynb');
  clock.time += 1000;
  // A file of that path exists again, but was not opened.
  clock.names.delete('start.ipynb');
  const history = clock.names.historyOf('start.ipynb');
  assert.equal(history.copyOf, 'start.ipynb');
  assert.equal(history.deletedAt, START);
});

test('a deleted copy that was not opened leaves the original alone', () => {
  const clock = new Clock();
  clock.names.historyOf('a.ipynb');
  clock.names.copy('a.ipynb', 'b.ipynb');
  clock.names.delete('b.ipynb');
  clock.time += 2 * KEPT_AFTER_DELETION;
  assert.ok(!clock.names.expired().includes('a.ipynb'));
  assert.deepEqual(clock.names.historyOf('a.ipynb'), { name: 'a.ipynb' });
});

test('the notebooks of a deleted folder are deleted', () => {
  const { names } = new Clock();
  names.historyOf('folder/a.ipynb');
  names.historyOf('folder 2/b.ipynb');
  names.delete('folder');
  assert.equal(names.historyOf('folder/a.ipynb').deletedAt, START);
  assert.deepEqual(names.historyOf('folder 2/b.ipynb'), {
    name: 'folder 2/b.ipynb'
  });
});

test('histories expire 30 days after the deletion', () => {
  const clock = new Clock();
  clock.names.historyOf('a.ipynb');
  clock.names.delete('a.ipynb');
  clock.time += KEPT_AFTER_DELETION;
  assert.deepEqual(clock.names.expired(), []);
  clock.time += 1;
  assert.deepEqual(clock.names.expired(), ['a.ipynb']);
  clock.names.forget('a.ipynb');
  assert.deepEqual(clock.names.expired(), []);
  assert.deepEqual(clock.names.historyOf('a.ipynb'), { name: 'a.ipynb' });
});

test('sites of one origin share no record', () => {
  const { records, names } = new Clock();
  const inner = new HistoryNames(records, `${SITE}two/`, () => START);
  names.historyOf('a.ipynb');
  names.delete('a.ipynb');
  assert.deepEqual(inner.historyOf('a.ipynb'), { name: 'a.ipynb' });
  inner.delete('a.ipynb');
  assert.deepEqual(names.expired(), []);
  assert.equal(names.historyOf('a.ipynb').copyOf, 'a.ipynb');
});

test('all records of a site can be cleared, and no others', () => {
  const { records, names } = new Clock();
  const inner = new HistoryNames(records, `${SITE}two/`, () => START);
  for (const each of [names, inner]) {
    each.historyOf('a.ipynb');
    each.copy('a.ipynb', 'b.ipynb');
    each.delete('a.ipynb');
  }
  records.set('@jupyterlab/other', '1');
  const others = [...records.keys()].filter(key => !key.includes(`${SITE}:`));
  names.clear();
  assert.deepEqual([...records.keys()], others);
  assert.ok(others.length > 3);
});
