import { strict as assert } from 'node:assert';
import test from 'node:test';

import { isLedger } from '../ledgers';

test('a ledger is that of one site', () => {
  const site = 'https://example.org/one/';
  const name = `litestate drive ${site}api/drive`;
  assert.ok(isLedger(name, site));
  assert.ok(isLedger(`${name} drive`, site));
  assert.ok(!isLedger(name, 'https://example.org/'));
  assert.ok(!isLedger(name, `${site}two/`));
  assert.ok(!isLedger(`litestate drive ${site}two/api/drive drive`, site));
  assert.ok(!isLedger('litestate', site));
});
