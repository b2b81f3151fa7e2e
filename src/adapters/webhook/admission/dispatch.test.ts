import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fakeGate, pod, requestFor } from '../../../../test/fakes/gate.ts';
import { deadlineAfter } from '../../../gate/deadline.ts';
import { gateFinding, unknownObject } from '../../../gate/review/decision-builder.ts';
import type { WebhookHandlers } from '../handlers.ts';
import { createJudge } from './dispatch.ts';

const bodyOf = (bytes: number): Buffer => {
  const request = requestFor(
    pod({ app: 'nginx' }, { metadata: { annotations: { long: 'x'.repeat(bytes) } } }),
  );
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
    mutate: () => ({ patch: [], warnings: [] }),
    imageReview: () => gate.reviewImages('shop', []),
    refused: ({ code, message, remedy, caller }) =>
      gate.form(
        { source: 'admission', caller, object: unknownObject },
        { findings: [gateFinding(code, message, { remedy })] },
        0,
      ),
    answered: () => undefined,
  };
  const judge = createJudge(handlers, () => undefined);
  const send = async (bytes: Buffer): Promise<string | undefined> => {
    const call = {
      endpoint: 'validate' as const,
      caller: 'unverified' as const,
      deadline: deadlineAfter(10_000, gate.clock),
    };
    let released = 0;
    const answer = await judge(call, { state: 'whole', bytes, release: () => (released += 1) });
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
