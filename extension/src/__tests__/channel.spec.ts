import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IPush } from '../channel';
import { KernelChannel } from '../channel';

interface IQuestion {
  nonce: string;
  type: string;
  id: number;
  command: string;
  args: string;
}

/** The kernel's end; answers each question with its own command and arguments. */
function kernel(channel: KernelChannel): BroadcastChannel {
  const other = new BroadcastChannel('litestate');
  other.onmessage = event => {
    const { nonce, id, command, args } = (event as MessageEvent<IQuestion>)
      .data;
    if (nonce !== channel.nonce) {
      return;
    }
    const answer =
      command === 'fail'
        ? { type: 'error', content: '{"name": "NoRoom", "message": "Full."}' }
        : { type: 'answer', content: JSON.stringify([command, args]) };
    other.postMessage({ nonce, kernel: true, id, ...answer });
  };
  return other;
}

test('answers belong to their questions', async () => {
  const channel = new KernelChannel();
  const other = kernel(channel);
  const answers = await Promise.all([
    channel.ask('one'),
    channel.ask('two', { x: 1 })
  ]);
  assert.deepEqual(
    answers.map(({ result }) => result),
    [
      ['one', '{}'],
      ['two', '{"x":1}']
    ]
  );
  await assert.rejects(channel.ask('fail'), {
    name: 'NoRoom',
    message: 'Full.'
  });
  channel.close('over');
  other.close();
});

test('a page hears only its own kernel, and nothing of other pages', async () => {
  const channel = new KernelChannel();
  const heard: IPush[] = [];
  const first = new Promise<void>(resolve => {
    channel.pushed.connect((_, push) => {
      heard.push(push);
      resolve();
    });
  });
  const other = new BroadcastChannel('litestate');
  const { nonce } = channel;
  const state = { type: 'state', content: '1' };
  other.postMessage({ nonce: 'of another kernel', kernel: true, ...state });
  other.postMessage({ nonce, ...state });
  other.postMessage({ nonce, kernel: true, type: 'state', content: '2' });
  await first;
  assert.deepEqual(heard, [{ type: 'state', content: 2 }]);
  channel.close('over');
  other.close();
});

test('what was not answered fails when the channel is closed', async () => {
  const channel = new KernelChannel();
  const answer = channel.ask('never');
  channel.close('The kernel has ended.');
  await assert.rejects(answer, /The kernel has ended/);
});
