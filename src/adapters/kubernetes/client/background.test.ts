import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { startApiServer, type FakeApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import type { ApiClient } from './client.ts';
import type { ApiProblem } from './problem.ts';
import { createEvents } from '../events/events.ts';
import type { EventNote } from '../events/note.ts';
import { createLease } from '../resources/lease.ts';
import { createWatchedNamespaces } from '../resources/namespaces.ts';
import type { ObjectVerdict } from '../resources/revision-store.ts';
import { imagePoliciesResource } from './resource.ts';
import { createStatusWriter } from '../resources/status-writer.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let problems: ApiProblem[];
let rejections: unknown[];
const onProblem = (problem: ApiProblem): void => void problems.push(problem);
const onRejection = (reason: unknown): void => void rejections.push(reason);

/** A defect of ours somewhere below: the first `times` calls throw. */
const failing = (times: number): ApiClient => {
  let left = times;
  return {
    ...client,
    request: (call, signal) => {
      if (left-- > 0) throw new Error('a defect on purpose');
      return client.request(call, signal);
    },
  };
};

beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  problems = [];
  rejections = [];
  process.on('unhandledRejection', onRejection);
});
afterEach(async () => {
  process.off('unhandledRejection', onRejection);
  client.close();
  await api.close();
  if (rejections.length > 0) throw new Error('a rejection was not handled', { cause: rejections });
});

const note = (text: string): EventNote => ({
  about: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
  type: 'Warning',
  reason: 'ImageDenied',
  text,
});

describe('a throw in a background loop is reported, and the loop goes on', () => {
  test('in the writer of Events', async () => {
    const events = createEvents({ client: failing(1), clock: realClock, instance: 'a', onProblem });
    events.note(note('lost'));
    events.note(note('written'));
    await vi.waitFor(() => expect(events.counts()).toMatchObject({ created: 1, failed: 1, queued: 0 }), soon);
    events.note(note('written later'));
    await events.close();
    expect(events.counts()).toMatchObject({ created: 2, failed: 1 });
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('a defect on purpose')]);
  });

  test('in the writer of Events, also when the teller throws', async () => {
    const teller = (): never => {
      throw new Error('nobody to tell');
    };
    const events = createEvents({
      client: failing(1),
      clock: realClock,
      instance: 'a',
      onProblem: teller,
    });
    events.note(note('lost'));
    events.note(note('written'));
    await vi.waitFor(() => expect(events.counts()).toMatchObject({ created: 1, failed: 1 }), soon);
    await events.close();
  });

  test('in the writer of statuses', async () => {
    api.put('imagepolicies', { metadata: { name: 'production' } });
    const verdict: ObjectVerdict = {
      name: 'production',
      uid: 'u',
      generation: 1,
      resourceVersion: api.get('imagepolicies', 'production')?.metadata.resourceVersion ?? '',
      accepted: true,
      reason: 'Accepted',
      message: 'the policy is in force',
      conditions: [],
    };
    let asked = 0;
    const status = createStatusWriter({
      resource: imagePoliciesResource,
      client: failing(1),
      clock: realClock,
      isHolder: () => true,
      verdicts: () => {
        if (asked++ === 0) throw new Error('a defect on purpose');
        return [verdict];
      },
      onProblem,
      firstRetry: 5,
    });
    status.wake();
    await vi.waitFor(() => expect(status.counts()).toEqual({ written: 1, failed: 2 }), soon);
    await status.close();
    expect(problems).toHaveLength(2);
  });

  test('in the Lease', async () => {
    let reported = 0;
    const lease = createLease({
      client: failing(1),
      clock: realClock,
      namespace: 'imagegate-system',
      name: 'imagegate',
      identity: 'a',
      timing: { duration: 15_000, hold: 10_000, retry: 5 },
      onChange: () => {
        if (reported++ === 0) throw new Error('a defect on purpose');
      },
      onProblem,
    });
    lease.start();
    await vi.waitFor(() => expect(lease.isHolder()).toBe(true), soon);
    await vi.waitFor(() => expect(problems).toHaveLength(2), soon);
    await lease.close();
  });

  test('in a look-up of a namespace: unavailable, and the next one is a new look-up', async () => {
    api.put('namespaces', { metadata: { name: 'shop', labels: { team: 'a' } } });
    const namespaces = createWatchedNamespaces({ client: failing(1), clock: realClock });
    const ask = async () => namespaces.labels('shop', () => AbortSignal.timeout(20_000));
    expect(await ask()).toMatchObject({
      state: 'unavailable',
      why: { why: expect.stringContaining('a defect on purpose') as string },
    });
    expect(await ask()).toEqual({ state: 'known', value: { team: 'a' } });
    await namespaces.close();
  });
});
