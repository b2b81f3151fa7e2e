import { afterEach, describe, expect, test } from 'vitest';

import { artifact, digestOf, image } from '../../../../test/fakes/registry/registry-content.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import * as faults from '../../../../test/fakes/registry/registry-faults.ts';
import {
  allReferrers,
  anonymous,
  budgetOf,
  openReading,
} from '../../../../test/fakes/registry/registry-reading.ts';
import * as wire from '../../../../test/fakes/registry/registry-wire-faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import type { Registry, RegistryAnswer } from '../../../evidence/ports.ts';

const web = image({ user: '1000' });
const evil = image({ user: '0' });
const signature = artifact({ subject: web.descriptor, artifactType: 'a/signature' });
const config = web.blobs[0] ?? web;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** The double and the gate's reader of it. @param timeout - Milliseconds for each request */
const start = async (
  timeout = 10_000,
): Promise<{ readonly fake: FakeRegistry; readonly registry: Registry }> => {
  const fake = await startFakeRegistry();
  open.push(() => fake.close());
  for (const one of [web, evil, signature]) fake.push('team/web', one);
  fake.tag('team/web', 'v1', web.digest);
  const reader = openReading(
    [
      {
        host: fake.host,
        plainHttp: true,
        allowPrivateAddress: true,
        timeout,
      },
    ],
    'guarded',
  );
  open.push(() => reader.close());
  return { fake, registry: reader.registry };
};

type Operation = (registry: Registry, host: string) => Promise<RegistryAnswer<unknown>>;
const at = (host: string) => ({ host, repository: 'team/web' });
/** Each with what is true. */
const operations: readonly (readonly [string, Operation, unknown])[] = [
  ['head', (r, host) => r.head(at(host), { digest: web.digest }, anonymous, budgetOf()), web.digest],
  [
    'manifest',
    async (r, host) => digestIn(await r.manifest(at(host), { digest: web.digest }, anonymous, budgetOf())),
    web.digest,
  ],
  [
    'blob',
    async (r, host) => {
      const wanted = { digest: config.digest, size: config.bytes.length };
      return digestIn(await r.blob(at(host), wanted, 65_536, anonymous, budgetOf()));
    },
    config.digest,
  ],
  [
    'referrers',
    async (r, host) => {
      const answer = await allReferrers(r, { ...at(host), digest: web.digest }, anonymous, budgetOf());
      if (answer.state !== 'known') return answer;
      return { state: 'known', value: answer.value.map(({ digest }) => digest) };
    },
    [signature.digest],
  ],
  [
    'stream',
    async (r, host) => {
      const wanted = { digest: config.digest, size: config.bytes.length };
      const chunks: Buffer[] = [];
      const take = (chunk: Uint8Array): Promise<boolean> => {
        chunks.push(Buffer.from(chunk));
        return Promise.resolve(true);
      };
      const answer = await r.streamBlob(at(host), wanted, take, anonymous, budgetOf(undefined, 3000));
      return answer.state === 'known'
        ? digestIn({ state: 'known', value: { bytes: Buffer.concat(chunks) } })
        : answer;
    },
    config.digest,
  ],
  ['head-blob', (r, host) => r.hasBlob(at(host), config.digest, anonymous, budgetOf()), true],
];

/** The digest of the bytes that came through, computed here. */
const digestIn = (answer: RegistryAnswer<{ readonly bytes: Uint8Array }>): RegistryAnswer<string> =>
  answer.state === 'known' ? { state: 'known', value: digestOf(answer.value.bytes) } : answer;

const kindOf = (answer: RegistryAnswer<unknown>): string =>
  answer.state === 'unavailable' ? answer.why.kind : answer.state;

type Kinds = readonly [
  head: string,
  manifest: string,
  blob: string,
  referrers: string,
  stream: string,
  headBlob: string,
];
const all = (kind: string): Kinds => [kind, kind, kind, kind, kind, kind];

/** A large Content-Length with an early end, and the like: HEAD has no body and does not notice. */
const bodies = (kind: string): Kinds => ['known', kind, kind, kind, kind, 'known'];

const cases: readonly (readonly [string, () => Fault, Kinds])[] = [
  ['nothing wrong', () => wire.delayed(0), all('known')],
  ['500', () => faults.status(500), all('unreachable')],
  ['503', () => faults.status(503), all('unreachable')],
  ['429 that asks to wait for an hour', () => faults.tooManyRequests(3600), all('paced')],
  ['401 that names no way to log in', () => faults.challenge(), all('denied')],
  ['403', () => faults.status(403), all('denied')],
  ['418', () => faults.status(418), all('invalid')],
  ['B26: a redirect to a file', () => faults.redirect('file:///etc/passwd'), all('refused')],
  ['a redirect to another host over plain HTTP', () => faults.redirect('http://192.0.2.1/'), all('refused')],
  ['B9: a redirect loop', () => faults.redirectLoop(), all('invalid')],
  [
    'B1: a digest header that lies',
    () => faults.lyingDigest(evil.digest),
    ['invalid', 'invalid', 'known', 'known', 'known', 'known'],
  ],
  [
    'B1: another manifest',
    () => faults.flipping(evil),
    ['invalid', 'invalid', 'invalid', 'invalid', 'invalid', 'known'],
  ],
  ['other bytes', () => faults.withBody('{}'), bodies('invalid')],
  ['bytes that are no JSON', () => faults.withBody('<html>'), bodies('invalid')],
  ['B9: a gzip bomb', () => faults.gzipBomb(32 * 1024 * 1024), bodies('invalid')],
  ['the true bytes, compressed', () => faults.gzipped(), bodies('invalid')],
  ['no answer', () => wire.silence(), all('timeout')],
  ['an answer that comes too late', () => wire.delayed(5000), all('timeout')],
  ['B9: a slow drip', () => wire.dripping(1, 100), bodies('timeout')],
  ['a reset', () => wire.reset(), all('unreachable')],
  ['a reset in the body', () => wire.reset(5), bodies('unreachable')],
  ['a body that ends early', () => wire.truncated(5), bodies('invalid')],
  ['a Content-Length that is too small', () => wire.wrongLength(5), bodies('invalid')],
  ['no HTTP', () => wire.garbage(), all('unreachable')],
];

describe('a registry that fails or lies gets nothing wrong through', () => {
  test.each(cases)('%s', async (_title, fault, kinds) => {
    const { fake, registry } = await start(kinds.includes('timeout') ? 700 : undefined);
    fake.fault({}, fault());
    const answers = await Promise.all(operations.map(([, ask]) => ask(registry, fake.host)));
    expect(answers.map(kindOf)).toEqual(kinds);
    operations.forEach(([title, , truth], n) => {
      const answer = answers[n];
      if (answer?.state === 'known') expect([title, answer.value]).toEqual([title, truth]);
      if (answer?.state === 'unavailable') expect(answer.why.why).not.toMatch(/undefined|\[object/);
    });
  });

  test.each([
    '169.254.169.254',
    '10.0.0.1',
    '127.0.0.1:1',
    '127.1:1',
    '2130706433:1',
    '0x7f.0.0.1:1',
    '0.0.0.0:1',
    '[::1]:1',
    '[::ffff:169.254.169.254]',
    '[fd00::1]',
    'localhost:1',
    'metadata.google.internal',
  ])('B26: a redirect to https://%s leads nowhere', async (target) => {
    const { fake, registry } = await start();
    fake.fault({}, faults.redirect(`https://${target}{path}`));
    for (const [, ask] of operations) {
      expect(await ask(registry, fake.host)).toMatchObject({
        state: 'unavailable',
        why: { kind: 'refused', stage: 'address' },
      });
    }
  });

  test.each([
    ['with a Content-Length', { contentLength: 1e9, bytes: 1e9 }],
    ['without an end', {}],
  ])('B9: a flood %s is cut off soon', async (_title, options) => {
    const { fake, registry } = await start();
    const flood = wire.flooding(options);
    fake.fault({}, flood.fault);
    const answers = await Promise.all(operations.slice(1).map(([, ask]) => ask(registry, fake.host)));
    // A manifest has a limit and a blob a size to be held against; a list is cut (S3).
    expect(answers.map(kindOf)).toEqual(['limit', 'invalid', 'known', 'invalid', 'known']);
    // Three bodies of at most 4 MiB, and what lies in the buffers of eight sockets.
    expect(flood.sent()).toBeLessThan(64 * 1024 * 1024);
  });

  test.each([
    ['its own next one', () => faults.selfLinkedPage(), 'invalid'],
    ['followed by one on another origin', () => faults.nextPageAt('http://169.254.169.254/v2/'), 'invalid'],
    ['followed by one that is not there', () => faults.nextPageAt('/v2/team/none/referrers/'), 'invalid'],
  ])('B9: a list whose page is %s is not taken for a list', async (_title, fault, kind) => {
    const { fake, registry } = await start();
    fake.fault({ path: '/referrers/' }, fault());
    const referrers = await allReferrers(
      registry,
      { ...at(fake.host), digest: web.digest },
      anonymous,
      budgetOf(),
    );
    expect(kindOf(referrers)).toBe(kind);
    expect(fake.counts().total).toBeLessThan(20);
  });

  test('B1: a tag that flips is read as what came, by its own digest, each time', async () => {
    const { fake, registry } = await start();
    fake.fault({ path: '/manifests/v1' }, faults.flipping(web, evil));
    const digests = [];
    for (let n = 0; n < 2; n++) {
      const answer = await registry.manifest(at(fake.host), { tag: 'v1' }, anonymous, budgetOf());
      digests.push(answer.state === 'known' && [answer.value.digest, digestOf(answer.value.bytes)]);
    }
    expect(digests).toEqual([
      [web.digest, web.digest],
      [evil.digest, evil.digest],
    ]);
  });
});
