import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fakeGate, pod, requestFor } from '../../../../test/fakes/gate.ts';
import { deadlineAfter, type Deadline } from '../../../gate/deadline.ts';
import { gateFinding, unknownObject } from '../../../gate/review/decision-builder.ts';
import type { WebhookHandlers } from '../handlers.ts';
import { createDispatch } from './dispatch.ts';

const bodyOf = (bytes: number): Buffer => {
  const short = Array.from({ length: bytes / 64 }, (_, number) => [`key-${number}`, 'x'.repeat(32)]);
  const annotations = {
    long: 'x'.repeat(bytes / 2),
    ...(Object.fromEntries(short) as Record<string, string>),
  };
  const request = requestFor(pod({ app: 'nginx' }, { metadata: { annotations } }));
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
  return Buffer.from(JSON.stringify(review));
};

const open = () => {
  const said: string[] = [];
  const gate = fakeGate();
  const handlers: WebhookHandlers = {
    validate: (request) => {
      said.push('judged');
      return gate.admit(request);
    },
    constraints: (request) => gate.admit(request),
    mutate: () => ({ patch: [], warnings: [] }),
    imageReview: () => gate.reviewImages('shop', []),
    rejected: ({ code, message, remedy, caller }) =>
      gate.buildDecision(
        { source: 'admission', caller, object: unknownObject },
        { findings: [gateFinding(code, message, { remedy })] },
        0,
      ),
    answered: () => undefined,
  };
  const dispatch = createDispatch(handlers, () => undefined);
  const send = async (bytes: Buffer, more: Partial<Deadline> = {}): Promise<string | undefined> => {
    const call = {
      endpoint: 'validate' as const,
      caller: 'unverified' as const,
      deadline: { ...deadlineAfter(10_000, gate.clock), ...more },
    };
    let released = 0;
    const answer = await dispatch(call, { state: 'whole', bytes, release: () => (released += 1) });
    expect(released).toBe(1);
    return answer.text;
  };
  return { said, send };
};

test('R24: between the parsing of a large body and its verdict everybody else is served', async () => {
  const { said, send } = open();
  const answered = send(bodyOf(1024 * 1024));
  setImmediate(() => said.push('others were served'));
  expect(await answered).toContain('"allowed":true');
  expect(said).toEqual(['others were served', 'judged']);
});

test('R24: while a large body is parsed everybody else is served again and again', async () => {
  const { said, send } = open();
  let now = 10_000;
  // Each look at the clock finds it a millisecond later, so that a slice is a few steps.
  const answered = send(bodyOf(2 * 1024 * 1024), { remaining: () => (now -= 1) });
  let turns = 0;
  const count = (): void => {
    turns += 1;
    if (!said.includes('judged')) setImmediate(count);
  };
  setImmediate(count);
  expect(await answered).toContain('"allowed":true');
  expect(turns).toBeGreaterThan(3);
});

test('a small body is judged at once', async () => {
  const { said, send } = open();
  const answered = send(bodyOf(10));
  setImmediate(() => said.push('others were served'));
  expect(await answered).toContain('"allowed":true');
  await nextTurn();
  expect(said).toEqual(['judged', 'others were served']);
});

test('a large body that is not JSON is refused without a verdict', async () => {
  const { said, send } = open();
  const whole = bodyOf(1024 * 1024);
  const answer = await send(Buffer.concat([whole, Buffer.from('}')]));
  expect(answer).toContain('the request body is not JSON');
  expect(said).toEqual([]);
});
