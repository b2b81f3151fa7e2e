import { afterEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../../core/image/digest.ts';
import { artifact, image } from '../../../../test/fakes/registry/registry-content.ts';
import { challenge, lyingDigest, status } from '../../../../test/fakes/registry/registry-faults.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import {
  anonymous,
  basicCredential,
  budgetOf,
  failureIn,
  openReading,
  type Reading,
  referrersIn,
  valueOf,
} from '../../../../test/fakes/registry/registry-reading.ts';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../../../test/fakes/registry/registry.ts';
import type { Credential, RegistryFailure } from '../../../evidence/ports.ts';

const users = { ann: { password: 'pw-of-ann' } };
const ann = basicCredential('ann', 'pw-of-ann');
const repository = 'team/app';
const web = image({ user: '1000' });
const other = image({ user: '0' });

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});
const start = async (options?: FakeRegistryOptions): Promise<FakeRegistry> => {
  const server = await startFakeRegistry(options);
  open.push(server);
  return server;
};
const reader = (rows?: Parameters<typeof openReading>[0]): Reading => {
  const reading = openReading(rows);
  open.push(reading);
  return reading;
};

describe('ping', () => {
  const ping = (server: FakeRegistry, credential: Credential = anonymous) =>
    reader().registry.ping(server.host, credential, budgetOf());

  test('an open registry is known', async () => {
    expect(await ping(await start())).toEqual({ state: 'known', value: {} });
  });

  test('with the right password it is known, with another or none denied', async () => {
    const server = await start({ auth: { mode: 'basic', users } });
    expect(await ping(server, ann)).toEqual({ state: 'known', value: {} });
    expect(failureIn(await ping(server, basicCredential('ann', 'x'))).kind).toBe('denied');
    expect(failureIn(await ping(server)).kind).toBe('denied');
  });

  test('a token is asked for without a scope, and its server is named', async () => {
    const server = await start({ auth: { mode: 'bearer', users } });
    expect(await ping(server, ann)).toEqual({ state: 'known', value: { realm: `${server.url}/token` } });
    expect(server.tokenRequests).toMatchObject([{ user: 'ann', scopes: [] }]);
    expect(failureIn(await ping(server, basicCredential('ann', 'x')))).toMatchObject({
      kind: 'denied',
      stage: 'token',
    });
  });

  const shaped =
    (status: number, headers: Readonly<Record<string, string>>, body: string): Fault =>
    ({ send }) =>
      send({ status, headers, body: Buffer.from(body) });
  test.each<[string, Fault, 'known' | 'absent' | RegistryFailure['kind']]>([
    ['200 with an empty body and no header (ECR)', shaped(200, {}, ''), 'known'],
    ['200 with an object and no header', shaped(200, {}, '{}'), 'known'],
    [
      '200 with the header, whatever the body',
      shaped(200, { 'docker-distribution-api-version': 'registry/2.0' }, 'true'),
      'known',
    ],
    ['200 with a web page', shaped(200, { 'content-type': 'text/html' }, '<html>'), 'absent'],
    ['200 with a large web page', shaped(200, {}, 'x'.repeat(100_000)), 'absent'],
    ['404', status(404), 'absent'],
    ['401 of something that does not say how to log in', challenge(), 'absent'],
    ['401 of a registry that asks for Basic', challenge('Basic realm="r"'), 'denied'],
    ['403', status(403), 'denied'],
    ['500', status(500), 'unreachable'],
  ])('%s', async (_title, fault, expected) => {
    const server = await start();
    server.fault({}, fault);
    const answer = await ping(server);
    expect(answer.state === 'unavailable' ? answer.why.kind : answer.state).toBe(expected);
  });
});

describe('mirrors', () => {
  const startBoth = async () => {
    const origin = await start({ auth: { mode: 'basic', users } });
    const mirror = await start({ address: '127.0.0.2' });
    origin.push(repository, web, 'v1');
    return { origin, mirror, reading: reader([{ host: origin.host, mirrors: [mirror.host] }]) };
  };
  const place = (server: FakeRegistry) => ({ host: server.host, repository });

  test('a mirror is asked first and the origin not at all when it knows', async () => {
    const { origin, mirror, reading } = await startBoth();
    mirror.push(repository, web, 'v1');
    const { registry } = reading;
    expect(valueOf(await registry.manifest(place(origin), { tag: 'v1' }, ann, budgetOf())).digest).toBe(
      web.digest,
    );
    expect(valueOf(await registry.head(place(origin), { tag: 'v1' }, ann, budgetOf()))).toBe(web.digest);
    const [config] = web.blobs;
    const descriptor = { digest: config?.digest ?? ('' as Digest), size: config?.bytes.length ?? 0 };
    expect(valueOf(await registry.blob(place(origin), descriptor, 1_000_000, ann, budgetOf())).digest).toBe(
      config?.digest,
    );
    expect(origin.counts().total).toBe(0);
    expect(mirror.counts().total).toBe(3);
  });

  test('B28: a mirror that asks for it does not see the credential of the origin', async () => {
    const { origin, mirror, reading } = await startBoth();
    mirror.push(repository, web, 'v1');
    mirror.fault({}, challenge('Basic realm="mirror"'));
    for (let round = 0; round < 2; round++) {
      valueOf(await reading.registry.manifest(place(origin), { tag: 'v1' }, ann, budgetOf()));
    }
    expect(mirror.requests.map(({ authorization }) => authorization)).toEqual(['none', 'none']);
    expect(origin.requests.at(-1)).toMatchObject({ authorization: 'basic', user: 'ann' });
  });

  test.each<[string, (mirror: FakeRegistry) => void]>([
    ['does not have it', () => undefined],
    ['is out of order', (mirror) => mirror.fault({}, status(500))],
    ['refuses', (mirror) => mirror.fault({}, status(403))],
    ['B1: lies about the bytes', (mirror) => mirror.fault({}, lyingDigest(`sha256:${'e'.repeat(64)}`))],
  ])('the origin is asked when the mirror %s', async (_title, arm) => {
    const { origin, mirror, reading } = await startBoth();
    if (_title !== 'does not have it') mirror.push(repository, web, 'v1');
    arm(mirror);
    expect(
      valueOf(await reading.registry.manifest(place(origin), { tag: 'v1' }, ann, budgetOf())).digest,
    ).toBe(web.digest);
    expect(mirror.counts().total).toBe(1);
  });

  test('B1, B22: by digest a mirror cannot give other bytes; by tag it is the choice of the operator', async () => {
    const { origin, mirror, reading } = await startBoth();
    mirror.push(repository, other, 'v1');
    mirror.tag(repository, web.digest, other.digest);
    const byTag = valueOf(await reading.registry.manifest(place(origin), { tag: 'v1' }, ann, budgetOf()));
    expect(byTag.digest).toBe(other.digest);
    const byDigest = valueOf(
      await reading.registry.manifest(place(origin), { digest: web.digest }, ann, budgetOf()),
    );
    expect(Buffer.from(byDigest.bytes)).toEqual(web.bytes);
    expect(origin.counts().manifests).toBe(2);
  });

  test('an empty list of referrers of a mirror says nothing about the origin', async () => {
    const { origin, mirror, reading } = await startBoth();
    const signature = artifact({
      subject: web.descriptor,
      artifactType: 'application/vnd.example.signature',
    });
    mirror.push(repository, web, 'v1');
    origin.push(repository, signature);
    const list = async () => {
      const wanted = { ...place(origin), digest: web.digest };
      const answer = await reading.registry.referrers(wanted, 'referrers', ann, budgetOf());
      return referrersIn(answer).descriptors;
    };
    expect(await list()).toHaveLength(1);
    const asked = origin.counts().total;
    mirror.push(repository, signature);
    expect(await list()).toHaveLength(1);
    expect(origin.counts().total).toBe(asked);
  });

  test('the failure is the one of the origin and tells of the mirrors', async () => {
    const { origin, mirror, reading } = await startBoth();
    origin.fault({}, status(500));
    const failure = failureIn(await reading.registry.manifest(place(origin), { tag: 'v1' }, ann, budgetOf()));
    expect(failure).toMatchObject({ kind: 'unreachable', host: origin.host });
    expect(failure.why).toContain(`(mirrors asked before: ${mirror.host}: not there)`);
  });

  test('mirrors of a mirror are not asked, and ping asks the host itself', async () => {
    const origin = await start();
    const mirror = await start({ address: '127.0.0.2' });
    const third = await start({ address: '127.0.0.3' });
    origin.push(repository, web, 'v1');
    const { registry } = reader([
      { host: origin.host, mirrors: [mirror.host] },
      { host: mirror.host, mirrors: [third.host, origin.host] },
    ]);
    valueOf(await registry.manifest(place(origin), { tag: 'v1' }, ann, budgetOf()));
    valueOf(await registry.ping(origin.host, anonymous, budgetOf()));
    expect([mirror.counts().total, third.counts().total, origin.counts().ping]).toEqual([1, 0, 1]);
  });
});
