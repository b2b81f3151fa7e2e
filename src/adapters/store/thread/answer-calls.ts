import { parentPort } from 'node:worker_threads';

import type { StoreFault } from '../../../gate/store.ts';
import type { StoreCall, StoreReply } from './store-call.ts';

type Perform<Request, Answer> = (request: Request) => Promise<Answer>;

/**
 * What the thread of a store does: answers calls, one after the other. A call begins when the one before it was
 * answered.
 */
export const answerCalls = <Request, Answer>(
  perform: Perform<Request, Answer>,
  toFault: (error: unknown) => StoreFault,
): void => {
  const reply = async ({ call, request }: StoreCall<Request>): Promise<StoreReply<Answer>> => {
    try {
      return { call, answer: await perform(request) };
    } catch (error) {
      const { kind, code, message } = toFault(error);
      return { call, fault: { kind, code, message } };
    }
  };
  let previous = Promise.resolve();
  parentPort?.on('message', (call: StoreCall<Request>) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    previous = previous.then(async () => parentPort?.postMessage(await reply(call)));
  });
};
