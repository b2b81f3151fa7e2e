import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pod } from '../fakes/gate.ts';
import { image } from '../fakes/registry/registry-content.ts';
import { challenge, redirect, status } from '../fakes/registry/registry-faults.ts';
import type { Fault } from '../fakes/registry/registry-fault.ts';
import type { FakeRegistry } from '../fakes/registry/registry.ts';
import { closeAll, codesOf, nonRoot, open, rowOf, startRegistry, type Stage } from './evidence-stage.ts';

const good = image({ user: '1000' });
const bad = image({ user: '0' });

let registry: FakeRegistry;
let place: string;
let stage: Stage;
beforeEach(async () => {
  registry = await startRegistry();
  place = `${registry.host}/team/app`;
  registry.push('team/app', good, 'v1');
  stage = open({ policies: { 'non-root': nonRoot }, rows: [rowOf(registry)] });
});
afterEach(closeAll);

describe('B26: a name that leads inside', () => {
  const inside = {
    'a.evil.io': ['169.254.169.254'],
    'b.evil.io': ['127.0.0.1'],
    'c.evil.io': ['::ffff:10.0.0.1'],
    'd.evil.io': ['fd00:ec2::254', '0.0.0.0'],
    'e.evil.io': ['64:ff9b::a9fe:a9fe'],
    'f.evil.io': ['::'],
  };
  test.each([
    '169.254.169.254/x:1',
    '169.254.169.254:80/x:1',
    '[::ffff:169.254.169.254]/x:1',
    '[::1]:5000/x:1',
    '[fd00:ec2::254]/x:1',
    '127.1/x:1',
    '0x7f.1/x:1',
    '0177.0.0.1/x:1',
    '2130706433:80/x:1',
    '0.0.0.0:6443/x:1',
    '10.96.0.1:443/x:1',
    '100.100.100.200/x:1',
    'localhost/x:1',
    'localhost:6443/x:1',
    'LOCALHOST:6443/x:1',
    'kubernetes.default.svc/x:1',
    'kubernetes.default.svc.cluster.local:443/x:1',
    'metadata.google.internal/x:1',
    'registry:5000/x:1',
    ...Object.keys(inside).map((name) => `${name}/x:1`),
  ])('%s is not connected to, at neither door', async (text) => {
    const attacked = open({
      policies: { 'non-root': nonRoot },
      dns: (name) => (inside as Readonly<Record<string, readonly string[]>>)[name] ?? ['127.0.0.1'],
    });
    const { decision, mutation } = await attacked.send(pod({ app: text }));
    expect(decision.allowed).toBe(false);
    expect(mutation.patch).toEqual([]);
    expect(attacked.dialled).toEqual([]);
    // What an internal name leads to is nobody's business.
    expect(JSON.stringify([decision, mutation])).not.toMatch(/ECONNREFUSED|ENOTFOUND/);
  });

  test('is not even looked up when it is internal', async () => {
    const attacked = open({ policies: { 'non-root': nonRoot }, dns: () => ['1.1.1.1'] });
    await attacked.send(pod({ a: 'kubernetes.default.svc/x:1', b: 'localhost:6443/x:1' }));
    expect(attacked.lookedUp).toEqual([]);
  });

  test('and one that a policy forbids are not connected to, though it could be', async () => {
    const fence = { checks: [{ registries: { deny: [`${registry.host}/**`] } }] };
    const fenced = open({ policies: { fence, 'non-root': nonRoot }, rows: [rowOf(registry)] });
    const { decision } = await fenced.send(pod({ app: `${place}:v1` }));
    expect(codesOf(decision)).toContain('registry-denied');
    expect(fenced.dialled).toEqual([]);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://2852039166/',
    'https://localhost:6443/',
    'https://user:pw@kubernetes.default.svc/api',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/x',
    '//metadata.google.internal/',
    'https://metadata.google.internal./',
  ])('as the target of a redirect or as a realm, %s, is not connected to', async (target) => {
    for (const fault of [redirect(target), challenge(`Bearer realm="${target}",service="x"`)]) {
      const disarm = registry.fault({ path: '/v2/' }, fault);
      expect((await stage.send(pod({ app: `${place}:v1` }))).decision.allowed).toBe(false);
      disarm();
      stage.advance(60_000);
    }
    expect(new Set(stage.dialled)).toEqual(new Set([registry.host]));
  });
});

describe('B28: a secret of a namespace', () => {
  const secret = 'planted-password';
  const encoded = Buffer.from(`ann:${secret}`).toString('base64');
  let locked: FakeRegistry;
  let evil: FakeRegistry;
  let both: Stage;
  const seenBy = ({ requests, tokenRequests }: FakeRegistry): string => {
    const sent = requests.map(({ headers, path }) => [path, headers.authorization ?? '']);
    return JSON.stringify([sent, tokenRequests]);
  };
  const ask = (text: string) =>
    both.send(pod({ app: text }, { spec: { imagePullSecrets: [{ name: 'regcred' }] } }));
  const openWith = (row: object = {}): void => {
    both = open({
      policies: { 'non-root': nonRoot },
      rows: [{ ...rowOf(locked), ...row }, rowOf(evil)],
    });
    both.secrets.put('default/regcred', { [locked.host]: { username: 'ann', password: secret } });
  };
  beforeEach(async () => {
    locked = await startRegistry({ auth: { mode: 'basic', users: { ann: { password: secret } } } });
    locked.push('team/app', good, 'v1');
    evil = await startRegistry();
    openWith();
  });
  /** Does something else with whoever has logged in. */
  const onceInside =
    (then: Fault): Fault =>
    (exchange) => {
      const truth = exchange.truth();
      return truth.status === 200 ? then(exchange) : exchange.send(truth);
    };

  test.each<[string, () => void]>([
    [
      'to which blobs are redirected',
      () => void locked.fault({ path: '/blobs/' }, onceInside(redirect(`http://${evil.host}{path}`))),
    ],
    [
      'to which manifests are redirected',
      () => void locked.fault({ path: '/manifests/' }, onceInside(redirect(`http://${evil.host}{path}`))),
    ],
    [
      'which asks for it behind a redirect',
      () => {
        locked.fault({ path: '/manifests/' }, onceInside(redirect(`http://${evil.host}{path}`)));
        evil.fault({ path: '/v2/' }, challenge('Basic realm="x"'));
      },
    ],
  ])('is shown to its registry and to no host %s', async (_title, attack) => {
    attack();
    const { decision, mutation } = await ask(`${locked.host}/team/app:v1`);
    expect(seenBy(locked)).toContain(encoded);
    expect(evil.requests.length).toBeGreaterThan(0);
    expect(seenBy(evil)).not.toContain(encoded);
    expect(JSON.stringify([decision, mutation])).not.toMatch(new RegExp(`${secret}|${encoded}`));
  });

  test('is not shown to a token server that the registry names elsewhere', async () => {
    const realm = `http://${evil.host}/token`;
    locked.fault({ path: '/v2/' }, challenge(`Bearer realm="${realm}",service="x"`));
    const { decision } = await ask(`${locked.host}/team/app:v1`);
    expect(decision.allowed).toBe(false);
    expect(seenBy(evil)).not.toContain(encoded);
  });

  test('is not shown to a mirror, nor to the host of another image', async () => {
    openWith({ mirrors: [evil.host] });
    evil.fault({ path: '/v2/' }, challenge('Basic realm="x"'));
    for (const host of [locked.host, evil.host]) await ask(`${host}/team/app:v1`);
    expect(seenBy(locked)).toContain(encoded);
    expect(evil.requests.length).toBeGreaterThan(0);
    expect(seenBy(evil)).not.toContain(encoded);
  });

  test.each([400, 403, 429, 500, 503])(
    'stands in no decision when its own registry repeats it with a %i',
    async (code) => {
      const said = `who is ann:${secret}? you sent Basic ${encoded} ${secret}`;
      locked.fault({ path: '/v2/' }, ({ request, send }) => {
        const status = request.headers.authorization === undefined ? 401 : code;
        const body = Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message: said }] }));
        send({ status, headers: { 'www-authenticate': `Basic realm="${said}"` }, body });
      });
      const { decision, mutation } = await ask(`${locked.host}/team/app:v1`);
      expect(seenBy(locked)).toContain(encoded);
      expect(decision.allowed).toBe(false);
      expect(JSON.stringify([decision, mutation])).not.toMatch(new RegExp(`${secret}|${encoded}`));
    },
  );
});

describe('B29: what one namespace may read', () => {
  const password = 'pw';
  let locked: FakeRegistry;
  let shared: Stage;
  const from = (namespace: string, text: string) =>
    shared.send(pod({ app: text }, { spec: { imagePullSecrets: [{ name: 'regcred' }] } }), { namespace });
  beforeEach(async () => {
    locked = await startRegistry({ auth: { mode: 'basic', users: { ann: { password } } } });
    locked.push('team/app', good, 'v1');
    locked.push('team/app', bad, 'bad');
    shared = open({ policies: { 'non-root': nonRoot }, rows: [rowOf(locked)] });
    shared.secrets.put('shop/regcred', { [locked.host]: { username: 'ann', password } });
  });

  test.each([
    ['the owner first', ['shop', 'other', 'shop']],
    ['the owner last', ['other', 'shop', 'other']],
  ])('no other reads, and none can spoil it: %s', async (_title, order) => {
    for (const namespace of order) {
      for (const text of [`${locked.host}/team/app:v1`, `${locked.host}/team/app@${good.digest}`]) {
        const { decision } = await from(namespace, text);
        expect([namespace, decision.allowed]).toEqual([namespace, namespace === 'shop']);
      }
      const { decision } = await from(namespace, `${locked.host}/team/app@${bad.digest}`);
      expect(codesOf(decision)).toEqual([namespace === 'shop' ? 'image-user-root' : 'image-unavailable']);
    }
  });

  test('no other reads by asking at the same time', async () => {
    const text = `${locked.host}/team/app:v1`;
    const namespaces = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? 'shop' : 'other'));
    const sent = await Promise.all(namespaces.map((namespace) => from(namespace, text)));
    expect(sent.map(({ decision }) => decision.allowed)).toEqual(namespaces.map((name) => name === 'shop'));
  });

  test('no other reads while the registry is away, and the owner still does', async () => {
    const text = `${locked.host}/team/app@${good.digest}`;
    await from('shop', text);
    shared.advance(120_000);
    await locked.close();
    expect((await from('other', text)).decision.allowed).toBe(false);
    expect((await from('shop', text)).decision.allowed).toBe(true);
  });

  test('no other reads by naming the secret of that namespace', async () => {
    for (const name of ['../shop/regcred', 'shop/regcred', '../../namespaces/shop/secrets/regcred']) {
      const object = pod(
        { app: `${locked.host}/team/app:v1` },
        { spec: { imagePullSecrets: [{ name }] }, metadata: { namespace: 'shop' } },
      );
      expect((await shared.send(object, { namespace: 'other' })).decision.allowed).toBe(false);
    }
    expect(shared.secrets.asked.filter((asked) => asked.includes('shop'))).toEqual([]);
  });

  test('nobody reads any more soon after the right was taken away', async () => {
    const text = `${locked.host}/team/app@${good.digest}`;
    expect((await from('shop', text)).decision.allowed).toBe(true);
    const disarm = locked.fault({}, status(401, { 'www-authenticate': 'Basic realm="x"' }));
    shared.advance(61_000);
    expect((await from('shop', text)).decision.allowed).toBe(false);
    disarm();
    await locked.close();
    shared.advance(11_000);
    expect((await from('shop', text)).decision.allowed).toBe(false);
  });
});
