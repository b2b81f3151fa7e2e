import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../../core/image/digest.ts';
import {
  artifact,
  type FakeDescriptor,
  image,
  index,
  mediaTypes,
} from '../../../../test/fakes/registry/registry-content.ts';
import {
  endlessPages,
  nextPageAt,
  selfLinkedPage,
  status,
  withHeaders,
} from '../../../../test/fakes/registry/registry-faults.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import {
  allReferrers,
  anonymous,
  budgetOf,
  failureIn,
  openReading,
  type Reading,
  referrersIn,
  valueOf,
} from '../../../../test/fakes/registry/registry-reading.ts';
import { flooding, silence } from '../../../../test/fakes/registry/registry-wire-faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import type {
  ExpectedReferrers,
  ReadBudget,
  ReferrersSource,
  RegistryFailure,
} from '../../../evidence/ports.ts';
import { fallbackTag } from './referrers.ts';

const repository = 'team/app';
const web = image({ user: '1000' });
const signature = (name: string) =>
  artifact({
    subject: web.descriptor,
    artifactType: 'application/vnd.example.signature',
    annotations: { name },
  });
const digestsOf = (found: readonly { readonly digest: string }[]): string[] =>
  found.map(({ digest }) => digest).sort();
const madeUp = (count: number, first = 0): FakeDescriptor[] =>
  Array.from({ length: count }, (_, at) => ({
    mediaType: mediaTypes.ociManifest,
    digest: `sha256:${(first + at).toString(16).padStart(64, '0')}` as Digest,
    size: 100,
  }));
const listing =
  (manifests: unknown): Fault =>
  ({ send }) =>
    send({
      status: 200,
      headers: { 'content-type': mediaTypes.ociIndex },
      body: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })),
    });

let server: FakeRegistry;
let reading: Reading;

beforeEach(async () => {
  server = await startFakeRegistry({ pageSize: 2 });
  reading = openReading();
  server.push(repository, web, 'v1');
});
afterEach(async () => {
  await reading.close();
  await server.close();
});

const list = (from: ReferrersSource, expected?: ExpectedReferrers) =>
  reading.registry.referrers(
    { host: server.host, repository, digest: web.digest },
    from,
    anonymous,
    budgetOf(),
    expected,
  );
const get = (digest = web.digest, budget: ReadBudget = budgetOf()) =>
  allReferrers(reading.registry, { host: server.host, repository, digest }, anonymous, budget);
const api = '/referrers/';

describe('what refers to a digest', () => {
  test('is read from the API, page after page, without a filter', async () => {
    const pushed = ['a', 'b', 'c', 'd', 'e'].map((name) => server.push(repository, signature(name)));
    server.fault({ path: api }, withHeaders({ 'oci-filters-applied': 'artifactType' }));
    expect(digestsOf(valueOf(await get()))).toEqual(digestsOf(pushed));
    expect(server.counts()).toMatchObject({ referrers: 3, manifests: 1 });
    expect(server.requests.map(({ path }) => path).join(' ')).not.toContain('artifactType');
  });

  test('is read from the fallback tag when there is no API', async () => {
    server.serveReferrers(false);
    const pushed = ['a', 'b'].map((name) => server.push(repository, signature(name)));
    expect(digestsOf(valueOf(await get()))).toEqual(digestsOf(pushed));
    expect(server.counts()).toMatchObject({ referrers: 1, manifests: 2, heads: 1 });
  });

  test('is joined from both: an older client wrote the tag, the API came later', async () => {
    server.serveReferrers(false);
    const old = server.push(repository, signature('old'));
    server.serveReferrers(true);
    const list = index([], { descriptors: [old.descriptor, ...madeUp(1)] });
    server.push(repository, list, fallbackTag(web.digest));
    const young = server.push(repository, signature('young'));
    expect(digestsOf(valueOf(await get()))).toEqual(digestsOf([old, young, ...madeUp(1)]));
  });

  test.each([true, false])('is an empty list when there is nothing (API: %s)', async (on) => {
    server.serveReferrers(on);
    expect(await get()).toEqual({ state: 'known', value: [] });
  });

  test.each([400, 404, 405, 406, 410, 501])('status %s means that there is no API', async (code) => {
    server.serveReferrers(false);
    const pushed = server.push(repository, signature('a'));
    server.fault({ path: api }, status(code));
    expect(digestsOf(valueOf(await get()))).toEqual([pushed.digest]);
  });

  test('a web page for every path means that there is no API', async () => {
    server.fault({ path: api }, ({ send }) =>
      send({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: Buffer.from('<html>'),
      }),
    );
    expect(await get()).toEqual({ state: 'known', value: [] });
  });

  test('plain JSON as Content-Type is read (Harbor 2.9)', async () => {
    const pushed = server.push(repository, signature('a'));
    server.fault({ path: api }, withHeaders({ 'content-type': 'application/json; charset=utf-8' }));
    expect(digestsOf(valueOf(await get()))).toEqual([pushed.digest]);
  });

  test('keeps what descriptors say, and leaves out hints that are none', async () => {
    const [one = {}, two = {}] = madeUp(2);
    server.fault(
      { path: api },
      listing([
        {
          ...one,
          artifactType: 'application/x',
          annotations: { a: 'b' },
          platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
          data: 'e30=',
        },
        { ...two, artifactType: 'no type', annotations: { a: 1 }, platform: { os: 'linux' } },
      ]),
    );
    expect(valueOf(await get())).toEqual([
      {
        ...one,
        artifactType: 'application/x',
        annotations: { a: 'b' },
        platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      },
      two,
    ]);
  });

  test('entries that name nothing to fetch are left out, the others stay', async () => {
    const [good = { mediaType: '', digest: '', size: 0 }] = madeUp(1);
    const bad = [
      null,
      7,
      [],
      {},
      { ...good, digest: 'sha256:../x' },
      { ...good, digest: 7 },
      { ...good, size: -1 },
      { ...good, size: '1' },
      { ...good, size: 2 ** 60 },
      { ...good, mediaType: 'x' },
      { ...good, mediaType: undefined },
    ];
    server.fault({ path: api }, listing([...bad, good]));
    expect(valueOf(await get())).toEqual([good]);
  });

  test.each([
    ['sha256', 'a'.repeat(64), `sha256-${'a'.repeat(64)}`],
    ['sha512', 'a'.repeat(64) + 'b'.repeat(64), `sha512-${'a'.repeat(64)}`],
  ] as const)('the fallback tag of %s', (algorithm, hex, tag) => {
    expect(fallbackTag(`${algorithm}:${hex}` as Digest)).toBe(tag);
  });
});

describe('a list of referrers that is not believed or not read', () => {
  const cases: readonly (readonly [string, Fault, RegistryFailure['kind'], RegExp])[] = [
    ['B9: a page that leads to itself', selfLinkedPage(), 'invalid', /circle/],
    [
      'B28: a next page at another host',
      nextPageAt('http://127.0.0.2:1/v2/team/app/referrers/x'),
      'invalid',
      /another host/,
    ],
    [
      'B28: a next page in another repository',
      nextPageAt('/v2/other/app/referrers/x'),
      'invalid',
      /somewhere else/,
    ],
    ['a Link that cannot be read', withHeaders({ link: '<x; rel="next"' }), 'invalid', /Link cannot be read/],
    [
      'no JSON',
      ({ send }) => send({ status: 200, headers: {}, body: Buffer.from('x') }),
      'invalid',
      /not JSON/,
    ],
    [
      'a manifest instead of an index',
      ({ send }) => send({ status: 200, headers: {}, body: web.bytes }),
      'invalid',
      /not an index/,
    ],
    ['403', status(403), 'denied', /refused/],
    ['500', status(500), 'unreachable', /status 500/],
  ];
  test.each(cases)('%s', async (_title, fault, kind, why) => {
    server.push(repository, signature('a'));
    server.fault({ path: api }, fault);
    const failure = failureIn(await get());
    expect(failure).toMatchObject({ kind, stage: 'referrers', host: server.host });
    expect(failure.why).toMatch(why);
  });

  test('a second page that is not there makes the list invalid, not shorter', async () => {
    for (const name of ['a', 'b', 'c']) server.push(repository, signature(name));
    server.fault({ path: 'page=2' }, status(404));
    expect(failureIn(await get())).toMatchObject({ kind: 'invalid' });
  });

  test('a fallback tag that is no index is the fault of its pusher', async () => {
    server.push(repository, web, fallbackTag(web.digest));
    const failure = failureIn(await list('referrers-tag'));
    expect(failure).toMatchObject({ kind: 'invalid', unreadable: true });
    expect(failure.why).toMatch(/is not an index/);
  });

  test('the fallback tag that cannot be read is no empty list', async () => {
    server.push(repository, signature('a'));
    server.fault({ path: '/manifests/' }, status(500));
    expect(failureIn(await get())).toMatchObject({ kind: 'unreachable', stage: 'referrers' });
  });

  test('no answer ends with the time of the review', async () => {
    server.fault({ path: api }, silence());
    expect(failureIn(await get(web.digest, budgetOf(1_000_000, 200))).kind).toBe('timeout');
  });

  test('what is no digest is not asked about', async () => {
    expect(failureIn(await get('sha256:../../x' as Digest)).kind).toBe('invalid');
    expect(server.counts().total).toBe(0);
  });
});

describe('a list of referrers that is longer than is read', () => {
  const brackets: Fault = ({ send }) =>
    send({ status: 200, headers: {}, body: Buffer.from(`{"manifests":[${'{},'.repeat(300_000)}{}]}`) });
  const cases: readonly (readonly [string, Fault, number])[] = [
    ['pages without an end', endlessPages(), 1],
    ['1,025 entries on one page', listing(madeUp(1025)), 1024],
    ['a page without an end', flooding({ start: '{"a":"' }).fault, 0],
    ['a page of brackets', brackets, 0],
  ];
  test.each(cases)('S3, B9: %s: it is cut and says so', async (_title, fault, kept) => {
    server.push(repository, signature('a'));
    server.fault({ path: api }, fault);
    const { descriptors, isCut } = referrersIn(await list('referrers'));
    expect([descriptors.length, isCut]).toEqual([kept, true]);
  });

  test('1,024 entries are read, from the API and from the tag', async () => {
    server.fault({ path: api }, listing(madeUp(1024)));
    const tagged = server.push(repository, index([], { descriptors: madeUp(1024) }), fallbackTag(web.digest));
    expect(valueOf(await list('referrers'))).toEqual({ descriptors: madeUp(1024) });
    expect(valueOf(await list('referrers-tag'))).toEqual({
      descriptors: madeUp(1024),
      index: tagged.digest,
    });
  });

  test('the fallback tag is cut as well', async () => {
    server.push(repository, index([], { descriptors: madeUp(1030) }), fallbackTag(web.digest));
    const { descriptors, isCut } = referrersIn(await list('referrers-tag'));
    expect([descriptors.length, isCut]).toEqual([1024, true]);
  });
});

describe('the fallback tag costs as few counted GETs as can be', () => {
  const pushTag = (...of: readonly ReturnType<typeof signature>[]) =>
    server.push(repository, index(of), fallbackTag(web.digest));
  const counts = (): readonly number[] => {
    const { heads, total } = server.counts();
    server.forget();
    return [heads, total - heads];
  };

  test.each([
    ['one that nobody has seen', {}, [1, 1]],
    ['one that is likely', { isLikely: true }, [0, 1]],
  ])('%s', async (_title, expected, cost) => {
    pushTag(signature('a'));
    expect(referrersIn(await list('referrers-tag', expected)).descriptors).toHaveLength(1);
    expect(counts()).toEqual(cost);
  });

  test('one that was read before and is the same is not read again; one that changed is', async () => {
    const { digest } = pushTag(signature('a'));
    expect(valueOf(await list('referrers-tag', { before: digest }))).toBe('unchanged');
    expect(counts()).toEqual([1, 0]);
    pushTag(signature('a'), signature('b'));
    expect(referrersIn(await list('referrers-tag', { before: digest })).descriptors).toHaveLength(2);
    expect(counts()).toEqual([1, 1]);
  });

  test.each([
    ['100;w=21600', 1],
    ['100, 100;window=60', 0],
    ['2000', 0],
  ])('a host that says `ratelimit-limit: %s` is asked %i times by HEAD first', async (limit, heads) => {
    server.fault({ path: '/manifests/' }, withHeaders({ 'ratelimit-limit': limit }));
    await reading.registry.head({ host: server.host, repository }, { tag: 'v1' }, anonymous, budgetOf());
    pushTag(signature('a'));
    server.forget();
    await list('referrers-tag', { isLikely: true });
    expect(counts()[0]).toBe(heads);
  });

  test.each(['docker.io', 'registry-1.docker.io', 'index.docker.io'])(
    'Docker Hub counts, also behind a mirror: %s',
    async (host) => {
      const mirrored = openReading([{ host, mirrors: [server.host] }]);
      pushTag(signature('a'));
      await mirrored.registry.referrers(
        { host, repository, digest: web.digest },
        'referrers-tag',
        anonymous,
        budgetOf(),
        { isLikely: true },
      );
      await mirrored.close();
      expect(counts()).toEqual([1, 1]);
    },
  );
});

describe('API and fallback tag', () => {
  test.each([
    ['the API fails', api, 'unavailable', 'known'],
    ['the tag fails', '/manifests/', 'known', 'unavailable'],
  ] as const)('say what they hold each by itself: %s', async (_title, path, fromApi, fromTag) => {
    server.push(repository, signature('a'));
    server.push(repository, index([signature('a')]), fallbackTag(web.digest));
    server.fault({ path }, status(500));
    expect((await list('referrers')).state).toBe(fromApi);
    expect((await list('referrers-tag')).state).toBe(fromTag);
  });

  test('a tag that is not there costs no counted GET', async () => {
    expect(await list('referrers-tag')).toEqual({ state: 'absent' });
    expect(server.counts()).toMatchObject({ total: 1, heads: 1 });
  });
});
