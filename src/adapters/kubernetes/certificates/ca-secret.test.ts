import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import { clientOf } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { type CaSecret, createCaSecret } from './ca-secret.ts';
import type { CaAuthorities, CaMaterial } from './ca-secret-content.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { planRotation } from './ca-secret-rotation.ts';
import { fingerprints } from '../webhooks/normal-form.ts';
import { soon } from '../../../../test/soon.ts';

const hour = 60 * 60_000;
/** The test CAs live for a day. */
const rotation = { renewBefore: 2 * hour, settle: hour, leafLife: 5 * hour };
const never = new AbortController().signal;

let api: FakeApiServer;
let client: ApiClient;
let now: number;
let made: number;
let problems: ApiProblem[];
let changes: CaAuthorities[];
const open: CaSecret[] = [];
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  now = Date.now();
  made = 0;
  problems = [];
  changes = [];
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((secret) => secret.close()));
  client.close();
  await api.close();
});
const createCa = async (): Promise<CaMaterial> => {
  made += 1;
  const { certificate, key } = await createAuthority(`ca-${made}`);
  return { certificate, key };
};
const replica = (): CaSecret => {
  const secret = createCaSecret({
    client,
    clock: { now: () => now, monotonic: () => performance.now() },
    namespace: 'imagegate-system',
    name: 'imagegate-ca',
    createCa,
    rotation,
    timing: { firstRetry: 10, lastRetry: 50 },
    onChange: (authorities) => changes.push(authorities),
    onProblem: (problem) => problems.push(problem),
  });
  open.push(secret);
  return secret;
};
const value = async (secret: CaSecret): Promise<CaAuthorities> => {
  const loaded = await secret.load(never);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
};
const step = async (secret: CaSecret, trusted = true): Promise<string> => {
  const rotated = await secret.rotate(() => trusted, never);
  if (!rotated.ok) throw new Error(rotated.error.message);
  return rotated.value;
};

describe('R15: the CA of a cluster', () => {
  test('is made by one of many replicas and read by the others', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => value(replica())));
    expect(new Set(all.map((one) => one.current.certificate)).size).toBe(1);
    expect(api.list('secrets')).toHaveLength(1);
    expect(api.list('secrets')[0]).toMatchObject({ type: 'Opaque', metadata: { name: 'imagegate-ca' } });
    expect((await value(replica())).bundle.trim()).toBe(all[0]?.current.certificate.trim());
  });

  test('is reached by name only', async () => {
    const secret = replica();
    await value(secret);
    secret.start();
    await vi.waitFor(() => expect(secret.state().synced).toBe(true), soon);
    for (const request of api.requests) {
      const byName =
        request.name === 'imagegate-ca' ||
        request.query.get('fieldSelector') === 'metadata.name=imagegate-ca';
      expect(byName || request.verb === 'create').toBe(true);
    }
  });

  test('rotates: beside the old one first, then it signs, then the old one goes', async () => {
    const [holder, follower] = [replica(), replica()];
    const old = (await value(holder)).current.certificate;
    follower.start();
    expect(await step(holder)).toBe('none');

    now += 22.5 * hour;
    expect(await step(holder)).toBe('added');
    expect(changes.length).toBeGreaterThanOrEqual(1);
    const added = holder.authorities()!;
    expect(added.current.certificate).toBe(old);
    expect(fingerprints(added.bundle).size).toBe(2);
    await vi.waitFor(() => expect(follower.authorities()?.bundle).toBe(added.bundle), soon);

    expect(await step(holder)).toBe('waiting');
    now += hour - 1;
    expect(await step(holder)).toBe('waiting');
    now += 1;
    // What no caBundle contains is never used.
    expect(await step(holder, false)).toBe('waiting');
    expect(await step(holder)).toBe('promoted');
    const promoted = holder.authorities()!;
    expect(promoted.current.certificate).toBe(added.next?.certificate);
    expect(fingerprints(promoted.bundle)).toEqual(fingerprints(added.bundle));
    await vi.waitFor(() => expect(follower.authorities()?.current).toEqual(promoted.current), soon);

    const timing = { ...rotation, renewBefore: -2 * rotation.leafLife };
    const early = { now: now + rotation.leafLife - 1, timing, trusted: () => true, createCa };
    expect(await planRotation(promoted, early)).toEqual({ step: 'none' });
    now += rotation.leafLife;
    expect(await step(holder)).toBe('dropped');
    expect(fingerprints(holder.authorities()!.bundle).size).toBe(1);
    expect(made).toBe(2);
  });

  test('waits for nothing but trust when the old one has expired already', async () => {
    const holder = replica();
    await value(holder);
    now += 25 * hour;
    expect(await step(holder)).toBe('added');
    expect(await step(holder, false)).toBe('waiting');
    expect(await step(holder)).toBe('promoted');
  });

  test('two holders by mistake do not make two new CAs', async () => {
    const [a, b] = [replica(), replica()];
    await Promise.all([value(a), value(b)]);
    now += 23 * hour;
    const steps = await Promise.all([a, b].map((one) => one.rotate(() => true, never)));
    expect(steps.filter((one) => one.ok && one.value === 'added').length).toBeGreaterThanOrEqual(1);
    const [left, right] = [await value(a), await value(b)];
    expect(left.text).toBe(right.text);
    expect(fingerprints(left.bundle).size).toBe(2);
  });

  test('is put back by a replica that has it when the Secret is deleted', async () => {
    const secret = replica();
    const before = await value(secret);
    api.delete('secrets', 'imagegate-ca', 'imagegate-system');
    expect((await value(secret)).text).toBe(before.text);
    expect(made).toBe(1);
    expect(changes).toEqual([]);
  });

  test.each([
    ['nothing', {}],
    ['text', { 'ca.crt': 'x', 'ca.key': 'y' }],
    ['a key that does not belong to it', 'mixed'],
  ])('that holds %s is refused without showing any of it', async (_title, content) => {
    const [one, two] = [await createCa(), await createCa()];
    const data = content === 'mixed' ? { 'ca.crt': one.certificate, 'ca.key': two.key } : (content as object);
    api.put('secrets', {
      metadata: { name: 'imagegate-ca', namespace: 'imagegate-system' },
      data: Object.fromEntries(
        Object.entries(data).map(([k, v]) => [k, Buffer.from(String(v)).toString('base64')]),
      ),
    });
    const loaded = await replica().load(never);
    expect(loaded).toMatchObject({ ok: false, error: { reason: 'Configuration' } });
    expect(JSON.stringify([loaded, problems])).not.toMatch(/BEGIN|PRIVATE/);
  });

  test('that cannot be read is an error, never a new CA', async () => {
    api.fault({ verb: 'get', forbidden: true });
    expect(await replica().load(never)).toMatchObject({ error: { status: 403 } });
    expect(made).toBe(0);
  });
});
