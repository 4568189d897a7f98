/** The helper worker: stores the kernel's changes, even while a cell runs. */

import { Queue } from './queue.mjs';

let queue;

addEventListener('message', ({ data }) => {
  if (data.endpoint) queue = new Queue(data.endpoint, data.context, (reply) => postMessage(reply));
  else queue.add(data);
});
