import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { startFeedServer } from './feed-server.ts';
import { folderWith, imagegate, root } from './imagegate.ts';

const fixture = (name: string): Buffer => readFileSync(join(root, 'test/fixtures/advisories', name));
const pypi = '/osv/PyPI/all.zip';
const kev = '/kev.json';

interface Item {
  readonly feed: string;
  readonly ecosystem: string;
  readonly outcome: string;
  readonly why?: string;
  readonly asOf?: string;
  readonly ageSeconds?: number;
  readonly lastUpdate?: { readonly outcome: string };
}
const itemsIn = (stdout: string): readonly Item[] => (JSON.parse(stdout) as { items: readonly Item[] }).items;

let server: Awaited<ReturnType<typeof startFeedServer>>;
let cwd = '';
const configure = (more = '', url = server.url): void =>
  writeFileSync(
    join(cwd, 'gate.yaml'),
    `advisories:
  - { name: osv, format: osv, url: '${url}/osv', ecosystems: [PyPI], caFile: ca.crt, allowPrivateAddress: true }
${more}`,
  );
const run = async (...words: readonly string[]) => {
  const ended = await imagegate(['advisories', ...words, '--config', 'gate.yaml', '-o', 'json'], { cwd });
  return { ...ended, items: ended.stdout === '' ? [] : itemsIn(ended.stdout) };
};
const status = async () => {
  const ended = await imagegate(['advisories', 'status', '-o', 'json'], { cwd });
  return { ...ended, items: itemsIn(ended.stdout) };
};

beforeEach(async () => {
  server = await startFeedServer();
  server.put(pypi, fixture('PyPI.zip'));
  cwd = folderWith({ 'ca.crt': server.ca });
  configure();
});

describe('imagegate advisories update', () => {
  test('V15: reads what is new, asks with conditions, and a 304 makes the feed young', async () => {
    const before = Date.now();
    expect(await run('update')).toMatchObject({
      code: 0,
      items: [{ outcome: 'accepted', ecosystem: 'PyPI' }],
    });
    const [first] = (await status()).items;
    expect(Date.parse(first?.asOf ?? '')).toBeGreaterThanOrEqual(before);
    expect(await run('update')).toMatchObject({ code: 0, items: [{ outcome: 'unchanged' }] });
    const [second] = (await status()).items;
    expect(Date.parse(second?.asOf ?? '')).toBeGreaterThan(Date.parse(first?.asOf ?? ''));
    expect(server.asked.map((one) => [one.path, one.status])).toEqual([
      [pypi, 200],
      ['/osv/PyPI/modified_id.csv', 404],
      [pypi, 304],
    ]);
    expect(server.asked[0]?.headers).not.toHaveProperty('if-none-match');
  });

  test('asks for everything when what it knows is not what is in force', async () => {
    await run('update');
    writeFileSync(join(cwd, '.imagegate/advisories/generation.json'), '{');
    expect(await run('update')).toMatchObject({ code: 0, items: [{ outcome: 'accepted' }] });
    expect(server.asked.map((one) => one.status)).toEqual([200, 200]);
  });

  test.each<[string, () => void, RegExp, string]>([
    [
      'breaks off on the wire',
      () => {
        server.put(pypi, fixture('AlmaLinux.zip'));
        server.spoil(pypi, { kind: 'cut', bytes: 500 });
      },
      /^localhost:\d+: /,
      'failed',
    ],
    [
      'breaks off in the file',
      () => server.put(pypi, fixture('PyPI.zip').subarray(0, -40)),
      /^truncated: /,
      'refused',
    ],
    [
      'is a page of a proxy',
      () => server.put(pypi, Buffer.from('<html>')),
      /^(not-zip|truncated): /,
      'refused',
    ],
    ['speaks of something else', () => server.put(pypi, fixture('Go.zip')), /^empty: /, 'refused'],
    [
      'is not there',
      () => server.spoil(pypi, { kind: 'status', status: 404 }),
      /localhost:\d+ answers 404$/,
      'failed',
    ],
    [
      'is answered with 304 that nobody asked for',
      () => server.spoil(pypi, { kind: 'status', status: 304 }),
      /what was never read/,
      'failed',
    ],
  ])(
    'V15: what %s changes nothing; the last good stays and is not younger',
    async (name, spoil, why, outcome) => {
      await run('update');
      const before = await status();
      if (name.includes('304')) writeFileSync(join(cwd, '.imagegate/advisories/updates.json'), '{}');
      spoil();
      const ended = await run('update');
      expect(ended).toMatchObject({ code: 3, items: [{ outcome }] });
      expect(ended.items[0]?.why).toMatch(why);
      const after = await status();
      expect(after).toMatchObject({
        code: 3,
        items: [{ asOf: before.items[0]?.asOf, lastUpdate: { outcome } }],
      });
      expect(after.stderr).toContain('the last good stays');
      // The fault is over: the next update mends it.
      server.put(pypi, fixture('PyPI.zip'));
      expect((await run('update')).code).toBe(0);
      expect((await status()).code).toBe(0);
    },
  );

  test('waits as long as the server asks for', async () => {
    server.spoil(pypi, { kind: 'status', status: 429, headers: { 'retry-after': '1' } });
    const began = performance.now();
    expect((await run('update')).code).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(1000);
    expect(server.asked.map((one) => one.status)).toEqual([429, 200]);
  });

  test('reads the list of what is exploited, and feeds of files', async () => {
    server.put(kev, fixture('known_exploited_vulnerabilities.json'));
    writeFileSync(join(cwd, 'list.json'), fixture('known_exploited_vulnerabilities.json'));
    configure(`  - { name: kev, format: kev, url: '${server.url}${kev}', caFile: ca.crt, allowPrivateAddress: true }
  - { name: mirror, format: kev, path: list.json }
`);
    const ended = await run('update');
    expect(ended.code).toBe(0);
    expect(ended.items.map(({ feed, ecosystem, outcome }) => [feed, ecosystem, outcome])).toEqual([
      ['osv', 'PyPI', 'accepted'],
      ['kev', 'KEV', 'accepted'],
      ['mirror', 'KEV', 'accepted'],
    ]);
    const { items } = await status();
    expect(items.find(({ feed }) => feed === 'mirror')?.asOf).toBe('2023-11-21T00:00:00.000Z');
    expect(items.find(({ feed }) => feed === 'kev')?.ageSeconds).toBeLessThan(60);
    expect((await run('update', 'kev')).items).toHaveLength(1);
    expect(await run('update', 'kew')).toMatchObject({
      code: 2,
      stderr: 'imagegate: there is no feed "kew"; there are osv, kev, mirror\n',
    });
  });

  test('B26: leads to no private address that the row does not allow, also not by a redirect', async () => {
    writeFileSync(
      join(cwd, 'gate.yaml'),
      `advisories: [{ name: osv, format: osv, url: '${server.url}/osv', ecosystems: [PyPI], caFile: ca.crt }]\n`,
    );
    const direct = await run('update');
    expect(direct).toMatchObject({ code: 3, items: [{ outcome: 'failed' }] });
    expect(server.asked).toEqual([]);
    const other = await startFeedServer();
    other.put('/private.zip', fixture('PyPI.zip'));
    configure();
    server.spoil(pypi, {
      kind: 'status',
      status: 302,
      headers: { location: `${other.url}/private.zip` },
    });
    expect(await run('update')).toMatchObject({ code: 3, items: [{ outcome: 'failed' }] });
    expect(other.asked).toEqual([]);
  });

  test('a redirect to another server does not take the authority of the row along', async () => {
    const other = await startFeedServer();
    other.put('/all.zip', fixture('PyPI.zip'));
    const elsewhere = other.url.replace('localhost', '127.0.0.1');
    server.spoil(pypi, { kind: 'status', status: 302, headers: { location: `${server.url}/moved.zip` } });
    server.put('/moved.zip', fixture('PyPI.zip'));
    expect((await run('update')).items).toMatchObject([{ outcome: 'accepted' }]);
    server.spoil(pypi, { kind: 'status', status: 302, headers: { location: `${elsewhere}/all.zip` } });
    expect((await run('update')).items).toMatchObject([{ outcome: 'failed' }]);
    expect(other.asked).toEqual([]);
  });

  test('trusts the authority of the row, and none without it', async () => {
    writeFileSync(
      join(cwd, 'gate.yaml'),
      `advisories: [{ name: osv, format: osv, url: '${server.url}/osv', ecosystems: [PyPI], allowPrivateAddress: true }]\n`,
    );
    const ended = await run('update');
    expect(ended).toMatchObject({ code: 3, items: [{ outcome: 'failed' }] });
    expect(ended.items[0]?.why).toMatch(/certificate/);
  });

  test('exit code 2 without feeds', async () => {
    writeFileSync(join(cwd, 'gate.yaml'), '{}\n');
    expect(await run('update')).toMatchObject({
      code: 2,
      stderr: 'imagegate: there are no feeds; write `advisories` into the file of --config\n',
    });
  });
});
