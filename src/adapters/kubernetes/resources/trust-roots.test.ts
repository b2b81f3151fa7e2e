import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import publicGood from '../../trust-root/public-good.json' with { type: 'json' };
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { snapshotOf } from '../../../evidence/trust/trust-root.ts';
import type { ApiClient } from '../client/client.ts';
import { trustRootsResource } from '../client/resource.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';
import { type ClusterTrustRoots, createClusterTrustRoots } from './trust-roots.ts';
import { soon } from '../../../../test/soon.ts';

const trustedRoot = JSON.stringify(publicGood);
const shipped = snapshotOf({ name: 'sigstore' }, { kind: 'sigstore', trustedRoot });

let api: FakeApiServer;
let client: ApiClient;
let roots: ClusterTrustRoots;
let status: StatusWriter;
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  roots = createClusterTrustRoots({
    client,
    clock: realClock,
    shipped: [shipped],
    timing: { firstRetry: 10, lastRetry: 50 },
    onVerdicts: () => status.wake(),
  });
  status = createStatusWriter({
    client,
    clock: realClock,
    resource: trustRootsResource,
    isHolder: () => true,
    verdicts: () => roots.verdicts(),
  });
});
afterEach(async () => {
  await status.close();
  await roots.close();
  client.close();
  await api.close();
});

const put = (name: string, text: string, metadata: object = {}): void =>
  void api.put('trustroots', { metadata: { name, ...metadata }, spec: { sigstore: { trustedRoot: text } } });
const start = async (): Promise<void> => {
  roots.start();
  await vi.waitFor(() => expect(roots.state().synced).toBe(true), soon);
};
const idOf = (name: string): string | undefined => {
  const fact = roots.get(name);
  return fact.state === 'known' ? fact.value.id : undefined;
};
const whyNot = (name: string): string => {
  const fact = roots.get(name);
  return fact.state === 'unavailable' ? fact.why.why : fact.state;
};
const accepted = (name: string): object | undefined => {
  const held = api.get('trustroots', name)?.['status'] as { conditions: object[] } | undefined;
  return held?.conditions[0];
};
const withoutStart = trustedRoot.replace('"start":"2021-01-12T11:53:27Z"', '');

describe('trust roots of the cluster', () => {
  test('before the first list nothing is known: a shipped root might be replaced', async () => {
    expect(whyNot('acme')).toMatch(/have not been listed yet$/);
    expect(whyNot('sigstore')).toMatch(/have not been listed yet$/);
    await start();
    expect(whyNot('acme')).toBe('absent');
    expect(idOf('sigstore')).toBe(shipped.id);
  });

  test('S9: a root that comes, is swapped and goes counts from the event on, and has another id each time', async () => {
    await start();
    put('acme', trustedRoot);
    await vi.waitFor(() => expect(idOf('acme')).toBe(shipped.id), soon);
    put('acme', `${trustedRoot}\n`);
    await vi.waitFor(() => expect(idOf('acme')).not.toBe(shipped.id), soon);
    expect(idOf('acme')).toBeDefined();
    api.delete('trustroots', 'acme');
    await vi.waitFor(() => expect(whyNot('acme')).toBe('absent'), soon);
  });

  test('an object named sigstore replaces the shipped root, a broken one too, until it goes', async () => {
    put('sigstore', withoutStart);
    await start();
    expect(whyNot('sigstore')).toMatch(
      /^it cannot be used: spec\.sigstore\.trustedRoot: tlogs\[0\]\.publicKey\.validFor\.start: missing/,
    );
    put('sigstore', `${trustedRoot}\n`);
    await vi.waitFor(() => expect(idOf('sigstore')).toBeDefined(), soon);
    expect(idOf('sigstore')).not.toBe(shipped.id);
    expect(roots.snapshots()).toHaveLength(1);
    api.delete('trustroots', 'sigstore');
    await vi.waitFor(() => expect(idOf('sigstore')).toBe(shipped.id), soon);
  });

  test('R8: a broken change keeps the last good revision in force, and the status says so', async () => {
    put('acme', trustedRoot);
    await start();
    await vi.waitFor(() => expect(accepted('acme')).toMatchObject({ status: 'True' }), soon);
    put('acme', withoutStart);
    await vi.waitFor(() => expect(accepted('acme')).toMatchObject({ status: 'False' }), soon);
    expect(accepted('acme')).toMatchObject({
      type: 'Accepted',
      reason: 'Invalid',
      message: expect.stringMatching(
        /validFor\.start: missing field "start"\. Generation 1, the last good one, stays/,
      ),
    });
    expect(idOf('acme')).toBe(shipped.id);
  });

  test('a root that was never good is unavailable, and its status says what that means', async () => {
    put('acme', '{}');
    await start();
    expect(whyNot('acme')).toMatch(/mediaType: missing field "mediaType"/);
    await vi.waitFor(
      () =>
        expect(accepted('acme')).toMatchObject({ message: expect.stringMatching(/policies that name it/) }),
      soon,
    );
  });

  test('a file cannot be named: a cluster has none', async () => {
    api.put('trustroots', { metadata: { name: 'acme' }, spec: { sigstore: { file: './acme.json' } } });
    await start();
    expect(whyNot('acme')).toBe(
      'it cannot be used: spec.sigstore.file: a cluster has no files: write the text of the file into trustedRoot',
    );
  });

  test('without its definition shipped roots count, and others are unavailable until it is applied', async () => {
    api.serves('trustroots', false);
    roots.start();
    await vi.waitFor(() => expect(whyNot('acme')).toMatch(/knows no TrustRoot .*imagegate manifests/), soon);
    expect(idOf('sigstore')).toBe(shipped.id);
  });

  test('its age counts from when somebody wrote more than the status', async () => {
    const managedFields = [
      { manager: 'kubectl', time: '2026-03-01T10:00:00Z' },
      { manager: 'imagegate', subresource: 'status', time: '2026-04-01T10:00:00Z' },
      { manager: 'other', time: '2026-02-01T10:00:00Z' },
    ];
    put('acme', trustedRoot, { managedFields });
    await start();
    expect(roots.snapshots().find(({ name }) => name === 'acme')?.writtenAt).toBe(Date.UTC(2026, 2, 1, 10));
  });
});
