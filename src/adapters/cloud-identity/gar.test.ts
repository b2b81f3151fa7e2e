import { afterEach, describe, expect, test } from 'vitest';
import {
  googleMetadata,
  startService,
  type CloudCall,
  type CloudReply,
  type CloudService,
} from '../../../test/fakes/cloud.ts';
import { createCloudHttp } from './cloud-http.ts';
import { createGarIdentity, isGoogleRegistry } from './gar.ts';

const services: CloudService[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
});
const now = Date.UTC(2026, 0, 1);
const never = new AbortController().signal;
const host = 'europe-docker.pkg.dev';
const good = { access_token: 'ya29.secret-token', expires_in: 1967, token_type: 'Bearer' };

const credentialFrom = async (answer: (call: CloudCall) => CloudReply) => {
  const service = await startService(answer);
  services.push(service);
  const identity = createGarIdentity({
    http: createCloudHttp({ proxyFor: () => 'http://127.0.0.1:1' }),
    clock: { now: () => now },
    metadata: service.url,
  });
  return { fact: await identity.credential(host, never), service };
};

describe('the Google identity', () => {
  test('is the token of the metadata server, with the end that it names; no proxy is asked', async () => {
    const { fact, service } = await credentialFrom((call) => googleMetadata(call, good));
    expect(fact).toEqual({
      state: 'known',
      value: {
        secret: { kind: 'basic', username: 'oauth2accesstoken', password: 'ya29.secret-token' },
        expires: now + 1_967_000,
      },
    });
    expect(service.calls).toHaveLength(1);
  });

  test('is absent where the machine has no service account', async () => {
    const { fact } = await credentialFrom(() => ({
      status: 404,
      headers: { 'metadata-flavor': 'Google' },
      body: 'not found',
    }));
    expect(fact).toEqual({ state: 'absent' });
  });

  test.each<[string, CloudReply, RegExp]>([
    [
      'somebody else answers in its place (DNS of the network)',
      { status: 200, body: JSON.stringify(good) },
      /answered without "Metadata-Flavor: Google"/,
    ],
    [
      'somebody else answers 404 in its place',
      { status: 404, body: '' },
      /answered without "Metadata-Flavor: Google"/,
    ],
    ...(
      [
        ['it refuses', 403, '{}', /answered 403$/],
        ['it fails', 503, 'ya29.secret-token', /answered 503$/],
        ['it sends no JSON', 200, 'ya29.secret-token', /what is no JSON object/],
        ['it sends no token', 200, '{"expires_in":5}', /without a usable access_token/],
        [
          'the token would add a header',
          200,
          JSON.stringify({ ...good, access_token: 'ya29\r\nx: y' }),
          /without a usable access_token/,
        ],
        [
          'it names no end',
          200,
          JSON.stringify({ ...good, expires_in: 'soon' }),
          /without a usable expires_in/,
        ],
        ['the end is past', 200, JSON.stringify({ ...good, expires_in: 0 }), /without a usable expires_in/],
      ] as const
    ).map(([title, status, body, why]): [string, CloudReply, RegExp] => [
      title,
      { status, headers: { 'metadata-flavor': 'Google' }, body },
      why,
    ]),
  ])('is unavailable when %s', async (_title, reply, why) => {
    const { fact } = await credentialFrom(() => reply);
    expect(fact).toMatchObject({ state: 'unavailable', why: { what: `the Google identity for ${host}` } });
    expect(fact.state === 'unavailable' ? fact.why.why : '').toMatch(why);
    expect(JSON.stringify(fact)).not.toContain('ya29');
  });

  test.each(['gcr.io', 'eu.gcr.io', 'us-docker.pkg.dev', 'europe-west1-docker.pkg.dev'])(
    'covers %s',
    (name) => {
      expect(isGoogleRegistry(name)).toBe(true);
    },
  );
  test.each([
    'evilgcr.io',
    'gcr.io.evil.io',
    'a.b.gcr.io',
    'pkg.dev',
    'evilpkg.dev',
    'x.pkg.dev.evil.io',
    'us-docker.pkg.dev:8443',
    'us-docker.pkg.dev\n',
    'docker.io',
  ])('B28: does not cover %j, so no token goes there', (name) => {
    expect(isGoogleRegistry(name)).toBe(false);
  });
});
