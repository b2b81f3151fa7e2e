import { afterEach, describe, expect, test } from 'vitest';
import { artifact, digestOf, image, index, mediaTypes, rawManifest } from './registry-content.ts';
import { ask, basic } from './registry-client.ts';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from './registry.ts';
import { fallbackTag } from './registry-store.ts';
import { startFakeTokenServer } from './registry-token.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
const start = async (options: FakeRegistryOptions = {}): Promise<FakeRegistry> => {
  const registry = await startFakeRegistry(options);
  open.push(registry);
  return registry;
};
const read = (body: Buffer) =>
  JSON.parse(body.toString()) as {
    readonly manifests: { readonly digest: string; readonly artifactType?: string }[];
    readonly tags: string[];
    readonly errors: { readonly code: string }[];
    readonly config: { readonly digest: string; readonly size: number };
    readonly layers: { readonly digest: string }[];
  };
const tokenOf = ({ body }: { readonly body: Buffer }): string =>
  (JSON.parse(body.toString()) as { token: string }).token;

describe('the content of the registry double', () => {
  test.each(['oci', 'docker'] as const)(
    'an image (%s) is served by tag and digest, its blobs too',
    async (format) => {
      const registry = await start();
      const web = registry.push('team/web', image({ format, user: '1000', layers: ['a', 'b'] }), 'v1');
      const byTag = await ask(`${registry.url}/v2/team/web/manifests/v1`);
      const byDigest = await ask(`${registry.url}/v2/team/web/manifests/${web.digest}`);
      expect(byTag.body).toEqual(byDigest.body);
      expect(digestOf(byTag.body)).toBe(byTag.headers['docker-content-digest']);
      expect(byTag.headers['content-type']).toBe(
        format === 'oci' ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
      );
      const { config, layers } = read(byTag.body);
      expect(layers).toHaveLength(2);
      for (const { digest } of [config, ...layers]) {
        const blob = await ask(`${registry.url}/v2/team/web/blobs/${digest}`);
        expect(digestOf(blob.body)).toBe(digest);
      }
      const text = (await ask(`${registry.url}/v2/team/web/blobs/${config.digest}`)).body;
      expect(text.length).toBe(config.size);
      expect(JSON.parse(text.toString())).toMatchObject({ os: 'linux', config: { User: '1000' } });
    },
  );

  test('HEAD has the headers of GET and no body', async () => {
    const registry = await start();
    const web = registry.push('web', image(), 'v1');
    const head = await ask(`${registry.url}/v2/web/manifests/v1`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    expect(head.headers['content-length']).toBe(String(web.bytes.length));
    expect(head.headers['docker-content-digest']).toBe(web.digest);
    expect(registry.counts()).toMatchObject({ total: 1, heads: 1, manifests: 1, blobs: 0 });
  });

  test('an index brings its children', async () => {
    const registry = await start();
    const arm = image({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
    registry.push('web', index([image(), arm]), 'v1');
    const { manifests } = read((await ask(`${registry.url}/v2/web/manifests/v1`)).body);
    expect(manifests[1]).toMatchObject({ digest: arm.digest, platform: { variant: 'v8' } });
    expect((await ask(`${registry.url}/v2/web/manifests/${arm.digest}`)).status).toBe(200);
  });

  test('bytes that are an index and a manifest at once are served as they are (CVE-2021-41190)', async () => {
    const registry = await start();
    const both = rawManifest(
      { schemaVersion: 2, config: {}, layers: [], manifests: [] },
      mediaTypes.ociManifest,
    );
    registry.push('web', both, 'v1');
    const { body, headers } = await ask(`${registry.url}/v2/web/manifests/v1`);
    expect(JSON.parse(body.toString())).toHaveProperty('manifests');
    expect(headers['content-type']).toBe(mediaTypes.ociManifest);
  });

  test.each([
    ['an unknown tag', '/v2/web/manifests/no', 404, 'MANIFEST_UNKNOWN'],
    ['an unknown blob', `/v2/web/blobs/${digestOf('x')}`, 404, 'BLOB_UNKNOWN'],
    ['a malformed digest', '/v2/web/blobs/sha256:xyz', 400, 'DIGEST_INVALID'],
    ['tags of an unknown repository', '/v2/nobody/tags/list', 404, 'NAME_UNKNOWN'],
  ])('%s is an error of the specification', async (_title, path, status, code) => {
    const registry = await start();
    registry.push('web', image(), 'v1');
    const found = await ask(`${registry.url}${path}`);
    expect([found.status, read(found.body).errors[0]?.code]).toEqual([status, code]);
  });

  test('a manifest whose type is not accepted is not there', async () => {
    const registry = await start();
    registry.push('web', image(), 'v1');
    const headers = { accept: mediaTypes.dockerManifest };
    expect((await ask(`${registry.url}/v2/web/manifests/v1`, { headers })).status).toBe(404);
  });

  test('tags come in pages that Link chains', async () => {
    const registry = await start({ pageSize: 2 });
    registry.push('web', image(), 'a', 'b', 'c', 'd', 'e');
    const seen: string[][] = [];
    for (let next: string | undefined = '/v2/web/tags/list'; next !== undefined;) {
      const page = await ask(`${registry.url}${next}`);
      seen.push(read(page.body).tags);
      next = /<(.+)>/.exec(String(page.headers['link'] ?? ''))?.[1];
    }
    expect(seen).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });
});

describe('the referrers of the registry double', () => {
  const types = ['one/type', 'two/type', 'one/type'];

  test('come in pages, filtered when asked, and the answer says so', async () => {
    const registry = await start({ pageSize: 1 });
    const { descriptor } = registry.push('web', image(), 'v1');
    types.forEach((artifactType, n) =>
      registry.push('web', artifact({ subject: descriptor, artifactType, annotations: { n: `${n}` } })),
    );
    const path = `/v2/web/referrers/${descriptor.digest}?artifactType=one/type`;
    const first = await ask(`${registry.url}${path}`);
    expect(first.headers['oci-filters-applied']).toBe('artifactType');
    expect(read(first.body).manifests).toMatchObject([{ artifactType: 'one/type', annotations: { n: '0' } }]);
    const next = /<(.+)>/.exec(String(first.headers['link']))?.[1] ?? '';
    const second = await ask(`${registry.url}${next}`);
    expect(read(second.body).manifests).toMatchObject([{ annotations: { n: '2' } }]);
    expect(second.headers['link']).toBeUndefined();
  });

  test('of an image without any are an empty index, not 404', async () => {
    const registry = await start();
    const { body, status } = await ask(`${registry.url}/v2/web/referrers/${digestOf('none')}`);
    expect([status, read(body).manifests]).toEqual([200, []]);
  });

  test('stand under the fallback tag when there is no API', async () => {
    const registry = await start({ referrers: false });
    const { descriptor } = registry.push('web', image(), 'v1');
    const pushed = types.map((artifactType, n) =>
      registry.push('web', artifact({ subject: descriptor, artifactType, annotations: { n: `${n}` } })),
    );
    expect((await ask(`${registry.url}/v2/web/referrers/${descriptor.digest}`)).status).toBe(404);
    const { body } = await ask(`${registry.url}/v2/web/manifests/${fallbackTag(descriptor.digest)}`);
    expect(read(body).manifests.map(({ digest }) => digest)).toEqual(pushed.map(({ digest }) => digest));
  });
});

describe('the authentication of the registry double', () => {
  const users = {
    ann: { password: 'right', repositories: ['team/*'], identityToken: 'refresh' },
    bob: { password: 'other', repositories: ['shop'] },
  };

  test.each([
    ['nobody', undefined, 'team/web', 401],
    ['a wrong password', basic('ann', 'wrong'), 'team/web', 401],
    ['the right one', basic('ann', 'right'), 'team/web', 200],
    ['the right one elsewhere', basic('ann', 'right'), 'shop', 403],
    ['nobody, where everybody may', undefined, 'public', 200],
  ])('basic: %s', async (_title, authorization, repository, status) => {
    const registry = await start({ auth: { mode: 'basic', users, anonymous: ['public'] } });
    for (const name of ['team/web', 'shop', 'public']) registry.push(name, image(), 'v1');
    const found = await ask(`${registry.url}/v2/${repository}/manifests/v1`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(found.status).toBe(status);
    expect(found.headers['www-authenticate']?.startsWith('Basic ') ?? false).toBe(status === 401);
    expect(registry.requests[0]?.authorization).toBe(authorization === undefined ? 'none' : 'basic');
  });

  const challengeOf = async (registry: FakeRegistry): Promise<Record<string, string>> => {
    const { status, headers } = await ask(`${registry.url}/v2/team/web/manifests/v1`);
    expect(status).toBe(401);
    return Object.fromEntries(
      [...String(headers['www-authenticate']).matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    ) as Record<string, string>;
  };
  const pull = (registry: FakeRegistry, token: string, repository: string) =>
    ask(`${registry.url}/v2/${repository}/manifests/v1`, { headers: { authorization: `Bearer ${token}` } });

  test('bearer: a token opens what its scope says and nothing else, until it is revoked', async () => {
    const registry = await start({ auth: { mode: 'bearer', users } });
    registry.push('team/web', image(), 'v1');
    registry.push('team/api', image(), 'v1');
    const { realm = '', service = '', scope = '' } = await challengeOf(registry);
    expect(scope).toBe('repository:team/web:pull');
    const query = new URLSearchParams({ service, scope }).toString();
    const headers = { authorization: basic('ann', 'right') };
    const token = tokenOf(await ask(`${realm}?${query}`, { headers }));
    expect((await pull(registry, token, 'team/web')).status).toBe(200);
    const other = await pull(registry, token, 'team/api');
    expect(other.headers['www-authenticate']).toContain('insufficient_scope');
    registry.revokeTokens();
    expect((await pull(registry, token, 'team/web')).status).toBe(401);
    expect(registry.tokenRequests).toMatchObject([
      { credentials: 'basic', user: 'ann', granted: ['team/web'], service: 'the-double' },
    ]);
    expect(registry.counts().token).toBe(1);
  });

  test('bearer: a token server of its own is another origin and records what it was shown', async () => {
    const tokenServer = await startFakeTokenServer({ users, anonymous: ['public'] });
    open.push(tokenServer);
    const registry = await start({ auth: { mode: 'bearer', tokenServer } });
    registry.push('team/web', image(), 'v1');
    const { realm = '' } = await challengeOf(registry);
    expect(realm).toBe(tokenServer.realm);
    expect(new URL(realm).host).not.toBe(registry.host);
    const scope = 'repository:team/web:pull';
    const nobody = tokenOf(await ask(`${realm}?service=s&scope=${scope}`));
    expect((await pull(registry, nobody, 'team/web')).status).toBe(401);
    expect(
      (await ask(`${realm}?scope=${scope}`, { headers: { authorization: basic('ann', 'no') } })).status,
    ).toBe(401);
    expect(tokenServer.requests).toMatchObject([
      { credentials: 'none', granted: [] },
      { credentials: 'basic', granted: [] },
    ]);
  });

  test('a Referrers API that is not there says 404 to everybody, which proves no access', async () => {
    const registry = await start({ auth: { mode: 'basic', users }, referrers: false });
    const { digest } = registry.push('team/web', image(), 'v1');
    expect((await ask(`${registry.url}/v2/team/web/referrers/${digest}`)).status).toBe(404);
    registry.serveReferrers(true);
    expect((await ask(`${registry.url}/v2/team/web/referrers/${digest}`)).status).toBe(401);
  });

  test.each([
    ['an identity token', { grant_type: 'refresh_token', refresh_token: 'refresh' }, 200, 'identity-token'],
    ['an unknown identity token', { grant_type: 'refresh_token', refresh_token: 'x' }, 401, 'identity-token'],
    ['a password', { grant_type: 'password', username: 'ann', password: 'right' }, 200, 'password'],
    ['a form without client_id', { grant_type: 'refresh_token', client_id: '' }, 400, 'identity-token'],
  ])('bearer: POST with %s', async (_title, fields, status, credentials) => {
    const registry = await start({ auth: { mode: 'bearer', users } });
    registry.push('team/web', image(), 'v1');
    const form = { service: 's', client_id: 'test', scope: 'repository:team/web:pull', ...fields };
    const found = await ask(`${registry.url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    });
    expect(found.status).toBe(status);
    expect(registry.tokenRequests).toMatchObject([{ method: 'POST', credentials }]);
    if (status === 200) expect((await pull(registry, tokenOf(found), 'team/web')).status).toBe(200);
  });
});

describe('the transport of the registry double', () => {
  test('TLS is of an authority that nobody trusts until told', async () => {
    const registry = await start({ tls: true });
    await expect(ask(`${registry.url}/v2/`)).rejects.toThrow(/self-signed|unable to/);
    expect((await ask(`${registry.url}/v2/`, { ca: registry.ca ?? '' })).status).toBe(200);
  });

  test('goes down and comes back on the same port', async () => {
    const registry = await start();
    await registry.down();
    await expect(ask(`${registry.url}/v2/`)).rejects.toThrow('ECONNREFUSED');
    await registry.up();
    expect((await ask(`${registry.url}/v2/`)).status).toBe(200);
  });

  test('counts how many requests were under way at once', async () => {
    const registry = await start();
    const gate = Promise.withResolvers<void>();
    registry.fault({}, async ({ send, truth }) => {
      if (registry.requests.length === 3) gate.resolve();
      await gate.promise;
      send(truth());
    });
    await Promise.all([1, 2, 3].map(() => ask(`${registry.url}/v2/`)));
    expect(registry.peak()).toBe(3);
  });
});
