import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthority, type Authority } from '../../../test/e2e/harness/certificates.ts';
import { clientOf, realClock } from '../../../test/fakes/api-server/api-server-client.ts';
import { startApiServer, type FakeApiServer } from '../../../test/fakes/api-server/api-server.ts';
import { fakeTelemetry } from '../../../test/fakes/telemetry.ts';
import { createHolder } from '../../adapters/certificate/source.ts';
import { createCaSecret, type CaSecret } from '../../adapters/kubernetes/certificates/ca-secret.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { createMetrics } from '../../adapters/metrics/metrics.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle.ts';
import { openLeadership } from './cluster.ts';
import type { Telemetry } from '../telemetry.ts';
import { createBundleKeeper, rotateAuthority, type WebhookGuardParts } from './webhook-guard.ts';
import { soon } from '../../../test/soon.ts';

const namespace = 'imagegate-system';
const configurations = 'validatingwebhookconfigurations';
const hour = 60 * 60_000;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let authority: Authority;
let api: FakeApiServer;
let client: ApiClient;
let lifecycle: Lifecycle;
let messages: string[];
let telemetry: Telemetry;
beforeAll(async () => {
  authority = await createAuthority('ours');
});
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  lifecycle = createLifecycle();
  ({ telemetry, messages } = fakeTelemetry());
});
afterEach(async () => {
  await lifecycle.closeAll();
  client.close();
  await api.close();
});

const certificateOf = (ca: string | undefined): WebhookGuardParts['certificate'] => {
  const { current, onChange } = createHolder({
    cert: '',
    key: '',
    expiresAt: 0,
    ...(ca === undefined ? {} : { ca }),
  });
  return { current, onChange, check: () => Promise.resolve(), close: () => {} };
};
const events: WebhookGuardParts['events'] = {
  decided: () => {},
  note: () => {},
  counts: () => ({ created: 0, counted: 0, dropped: 0, failed: 0, queued: 0 }),
  close: () => Promise.resolve(),
};
const partsOf = (isHolder: boolean, ca: string | undefined = authority.certificate): WebhookGuardParts => ({
  client,
  certificate: certificateOf(ca),
  events,
  isHolder: () => isHolder,
});
const guardOf = (recheck = (): void => {}) => ({
  start: () => {},
  integrity: () => ({ state: 'unknown' }) as const,
  recheck,
  state: () => ({ synced: true }),
  close: () => Promise.resolve(),
});
const putWebhooks = (caBundle?: string): void =>
  void api.put(configurations, {
    metadata: { name: 'imagegate' },
    webhooks: [
      {
        name: 'validate.imagegate.dev',
        clientConfig: { url: 'https://gate/validate', ...(caBundle === undefined ? {} : { caBundle }) },
      },
    ],
  });
const bundle = (): string | undefined => {
  const held = api.get(configurations, 'imagegate') as unknown as
    { webhooks: { clientConfig: { caBundle?: string } }[] } | undefined;
  return held?.webhooks[0]?.clientConfig.caBundle;
};
const verbs = (): string[] => api.requests.map(({ verb, resource }) => `${verb} ${resource}`);

describe('R15: the CA bundle', () => {
  test('is written by the holder, once, and compared again', async () => {
    putWebhooks();
    let rechecks = 0;
    const keep = createBundleKeeper(
      partsOf(true),
      guardOf(() => void rechecks++),
      telemetry,
    );
    await keep();
    await keep();
    expect(bundle()).toBe(base64(authority.certificate));
    expect(verbs().filter((verb) => verb.startsWith('patch'))).toHaveLength(1);
    expect(rechecks).toBe(2);
  });

  test('is left alone by everybody else: not even read', async () => {
    putWebhooks();
    await createBundleKeeper(partsOf(false), guardOf(), telemetry)();
    expect(bundle()).toBeUndefined();
    expect(verbs()).toEqual([]);
  });

  test('is left alone by a holder whose certificate was given from outside', async () => {
    putWebhooks();
    const { isHolder, ...others } = partsOf(true);
    const parts = { ...others, isHolder, certificate: certificateOf(undefined) };
    await createBundleKeeper(parts, guardOf(), telemetry)();
    expect(verbs()).toEqual([]);
  });

  test('that is not there yet is no problem; one that must not be written is reported', async () => {
    const keep = createBundleKeeper(partsOf(true), guardOf(), telemetry);
    await keep();
    expect(messages).toEqual([]);
    putWebhooks();
    api.fault({ verb: 'patch', forbidden: true });
    await keep();
    expect(messages).toEqual(['the CA bundle of the webhook configuration could not be written']);
  });

  test('never rejects, whatever fails below', async () => {
    const guard = guardOf(() => {
      throw new Error('a defect on purpose');
    });
    putWebhooks();
    await createBundleKeeper(partsOf(true), guard, telemetry)();
    expect(messages.at(-1)).toBe('the CA bundle of the webhook configuration could not be written');
  });
});

describe('R15: the CA bundle of what pins', () => {
  const mutating = 'mutatingwebhookconfigurations';
  const held = (): string | undefined =>
    (
      api.get(mutating, 'imagegate') as unknown as
        { webhooks: { clientConfig: { caBundle?: string } }[] } | undefined
    )?.webhooks[0]?.clientConfig.caBundle;

  test('is kept beside the one of what refuses', async () => {
    putWebhooks();
    api.put(mutating, {
      metadata: { name: 'imagegate' },
      webhooks: [{ name: 'mutate.imagegate.dev', clientConfig: { url: 'https://gate/mutate' } }],
    });
    await createBundleKeeper(partsOf(true), guardOf(), telemetry)();
    expect(held()).toBe(base64(authority.certificate));
    expect(bundle()).toBe(base64(authority.certificate));
  });
});

describe('R15: the rotation of the CA', () => {
  let secret: CaSecret;
  let made: number;
  let now: number;
  /** Every certificate lives for a day here; the first one is about to expire in an hour. */
  const openSecret = async (): Promise<void> => {
    made = 0;
    now = Date.now();
    secret = createCaSecret({
      client,
      clock: { now: () => now, monotonic: () => performance.now() },
      namespace,
      name: 'imagegate-ca',
      createCa: async () => {
        const { certificate, key } = await createAuthority(`ca-${++made}`);
        return { certificate, key };
      },
      rotation: { renewBefore: 2 * hour, settle: 0, leafLife: 91 * 24 * hour },
    });
    const loaded = await secret.load(AbortSignal.timeout(5000));
    if (!loaded.ok) throw new Error(loaded.error.message);
    now += 23 * hour;
    api.requests.splice(0);
  };
  const rotate = (isHolder: boolean): (() => void) =>
    rotateAuthority(secret, { client, isHolder: () => isHolder, every: 10 }, telemetry, lifecycle);

  test('is looked at when somebody asks, not only by the clock', async () => {
    await openSecret();
    putWebhooks(base64(secret.authorities()!.bundle));
    const look = rotateAuthority(
      secret,
      { client, isHolder: () => true, every: 3_600_000 },
      telemetry,
      lifecycle,
    );
    look();
    await vi.waitFor(() => expect(secret.authorities()?.next).toBeDefined(), soon);
  });

  test('is taken step by step by the holder: a CA that no webhook trusts does not sign', async () => {
    await openSecret();
    putWebhooks(base64(secret.authorities()!.bundle));
    rotate(true);
    await vi.waitFor(() => expect(secret.authorities()?.next).toBeDefined(), soon);
    const { next, bundle: both } = secret.authorities()!;
    await sleep(100);
    expect(secret.authorities()?.current.certificate).not.toBe(next?.certificate);
    putWebhooks(base64(both));
    await vi.waitFor(() => expect(secret.authorities()?.current.certificate).toBe(next?.certificate), soon);
  });

  test('waits for the webhook that pins as well, where there is one', async () => {
    await openSecret();
    const mutating = (bundles: string): void =>
      void api.put('mutatingwebhookconfigurations', {
        metadata: { name: 'imagegate' },
        webhooks: [{ name: 'mutate.imagegate.dev', clientConfig: { caBundle: base64(bundles) } }],
      });
    mutating(secret.authorities()!.bundle);
    putWebhooks(base64(secret.authorities()!.bundle));
    rotate(true);
    await vi.waitFor(() => expect(secret.authorities()?.next).toBeDefined(), soon);
    const { next, bundle: both } = secret.authorities()!;
    putWebhooks(base64(both));
    await sleep(100);
    expect(secret.authorities()?.current.certificate).not.toBe(next?.certificate);
    mutating(both);
    await vi.waitFor(() => expect(secret.authorities()?.current.certificate).toBe(next?.certificate), soon);
  });

  test('is taken by nobody else: nothing is read, made or written', async () => {
    await openSecret();
    putWebhooks(base64(secret.authorities()!.bundle));
    rotate(false);
    await sleep(100);
    expect(verbs()).toEqual([]);
    expect(made).toBe(1);
  });

  test('ends with the gate', async () => {
    await openSecret();
    rotate(true);
    await lifecycle.closeAll();
    api.requests.splice(0);
    await sleep(100);
    expect(verbs().filter((verb) => verb === `get ${configurations}`)).toEqual([]);
  });

  test('tells what fails, and goes on', async () => {
    const failing = { rotate: () => Promise.reject(new Error('a defect on purpose')) };
    rotateAuthority(failing, { client, isHolder: () => true, every: 10 }, telemetry, lifecycle);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThan(1), soon);
    expect(new Set(messages)).toEqual(new Set(['the CA could not be rotated']));
  });
});

describe('R15: the Lease', () => {
  const holderIdentity = (): unknown =>
    (api.get('leases', 'imagegate', namespace)?.['spec'] as { holderIdentity: string } | undefined)
      ?.holderIdentity;
  const leaderGauge = async (own: Telemetry): Promise<string | undefined> =>
    /^imagegate_leader (\d)/m.exec((await own.metrics.render()).text)?.[1];
  /** One replica with a bundle keeper of its own, which says when it was asked. */
  const replica = (name: string) => {
    const own = { ...telemetry, metrics: createMetrics('test') };
    const mine = createLifecycle();
    lifecycle.add(() => mine.closeAll());
    const leadership = openLeadership(client, { namespace, replica: name }, own, () => void keep());
    const parts = { ...partsOf(false), isHolder: leadership.isHolder };
    const keep = createBundleKeeper(parts, guardOf(), own);
    leadership.start(mine);
    return { leadership, keep, close: mine.closeAll, gauge: () => leaderGauge(own) };
  };

  test('lets one replica write, under its own name, and another one after it', async () => {
    putWebhooks();
    const first = replica('imagegate-7d9f-a');
    await vi.waitFor(() => expect(first.leadership.isHolder()).toBe(true), soon);
    await vi.waitFor(() => expect(bundle()).toBe(base64(authority.certificate)), soon);
    expect(holderIdentity()).toMatch(/^imagegate-7d9f-a-[0-9a-f-]{36}$/);
    expect(await first.gauge()).toBe('1');

    const second = replica('imagegate-7d9f-b');
    putWebhooks();
    await second.keep();
    expect(second.leadership.isHolder()).toBe(false);
    expect(bundle()).toBeUndefined();

    await first.close();
    expect(first.leadership.isHolder()).toBe(false);
    await first.keep();
    await vi.waitFor(() => expect(second.leadership.isHolder()).toBe(true), soon);
    await vi.waitFor(() => expect(bundle()).toBe(base64(authority.certificate)), soon);
    expect(holderIdentity()).toMatch(/^imagegate-7d9f-b-/);
    expect(await first.gauge()).toBe('0');
  });

  test('is not asked for outside of a cluster: every gate there may write', () => {
    const { isHolder, start } = openLeadership(
      client,
      { namespace: undefined, replica: 'a' },
      telemetry,
      () => {},
    );
    start(lifecycle);
    expect(isHolder()).toBe(true);
    expect(verbs()).toEqual([]);
  });

  test('of somebody else is respected', async () => {
    const spec = {
      holderIdentity: 'another',
      leaseDurationSeconds: 15,
      renewTime: new Date(realClock.now()).toISOString().replace('Z', '000Z'),
    };
    api.put('leases', { metadata: { name: 'imagegate', namespace }, spec });
    putWebhooks();
    const late = replica('imagegate-7d9f-c');
    await vi.waitFor(() => expect(verbs()).toContain('get leases'), soon);
    await late.keep();
    expect(late.leadership.isHolder()).toBe(false);
    expect(bundle()).toBeUndefined();
    expect(holderIdentity()).toBe('another');
  });
});
