import { afterEach, describe, expect, test } from 'vitest';
import { makeRegistryCertificate } from '../../../../test/fakes/registry/registry-certificate.ts';
import type { Arrival, Listener } from '../../../../test/fakes/registry/registry-listener.ts';
import {
  ask,
  createDoubles,
  onLoopback,
  requestTo,
  type Rows,
  settingsFrom,
} from '../../../../test/fakes/registry/registry-transport.ts';
import { endpointFor } from '../network/endpoint.ts';
import { nextHop } from './redirect.ts';

const doubles = createDoubles();
const { serve, transport } = doubles;
afterEach(doubles.end);
const sendOn =
  (to: (arrival: Arrival) => string, status = 307) =>
  (arrival: Arrival): void =>
    void arrival.response.writeHead(status, { location: to(arrival) }).end();
/** Answers with what it was shown. */
const mirror = ({ request, response }: Arrival): void => {
  const { authorization, cookie, accept } = request.headers;
  response.end(JSON.stringify({ method: request.method, authorization, cookie, accept }));
};
const secrets = { authorization: 'Bearer secret', cookie: 'session=secret', accept: 'a/b' };

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])(
    'with %s is followed, and the last address is told',
    async (status) => {
      const server = await serve((arrival) =>
        arrival.url.pathname === '/end' ? mirror(arrival) : sendOn(() => '/end', status)(arrival),
      );
      const http = transport({ [server.host]: onLoopback });
      const answer = await http.send(requestTo(server.host, '/start'));
      expect(answer.ok && answer.value.url.href).toBe(`${server.url}/end`);
      expect(answer.ok && answer.value.status).toBe(200);
    },
  );

  test('inside of one origin keeps the credential', async () => {
    const server = await serve((arrival) =>
      arrival.url.pathname === '/end' ? mirror(arrival) : sendOn(() => '/end')(arrival),
    );
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host, '/', { headers: secrets }))).toMatchObject({
      text: JSON.stringify({ method: 'GET', ...secrets }),
    });
  });

  test('B28: to another origin loses the credential, and gets it back nowhere, not even at home', async () => {
    const elsewhere = await serve(sendOn(() => `${home.url}/end`));
    const seen: (string | undefined)[] = [];
    const home: Listener = await serve((arrival) => {
      seen.push(arrival.request.headers.authorization);
      if (arrival.url.pathname === '/end') mirror(arrival);
      else sendOn(() => `${elsewhere.url}/`)(arrival);
    });
    const http = transport({ [home.host]: onLoopback, [elsewhere.host]: onLoopback });
    expect(await ask(http, requestTo(home.host, '/', { headers: secrets }))).toMatchObject({
      text: JSON.stringify({ method: 'GET', accept: 'a/b' }),
    });
    expect(seen).toEqual(['Bearer secret', undefined]);
  });

  test('B28: another port and another name of the same machine are other origins', async () => {
    const elsewhere = await serve(mirror);
    const other = elsewhere.host.replace('127.0.0.1', 'registry.example.com');
    const home = await serve(sendOn(() => `http://${other}/`));
    const http = transport({ [home.host]: onLoopback, [other]: onLoopback });
    expect(await ask(http, requestTo(home.host, '/', { headers: secrets }))).toMatchObject({
      text: JSON.stringify({ method: 'GET', accept: 'a/b' }),
    });
  });

  test('of HEAD stays HEAD', async () => {
    const methods: unknown[] = [];
    const server = await serve((arrival) => {
      methods.push(arrival.request.method);
      if (arrival.url.pathname === '/end') arrival.response.end();
      else sendOn(() => '/end', 303)(arrival);
    });
    await ask(transport({ [server.host]: onLoopback }), requestTo(server.host, '/', { method: 'HEAD' }));
    expect(methods).toEqual(['HEAD', 'HEAD']);
  });

  test('of POST is a failure: the body may hold a refresh token', async () => {
    const asked: string[] = [];
    const elsewhere = await serve(({ body, response }) => (asked.push(body), response.end()));
    const server = await serve(sendOn(() => elsewhere.url, 307));
    const http = transport({ [server.host]: onLoopback, [elsewhere.host]: onLoopback });
    const request = requestTo(server.host, '/', { method: 'POST', body: 'refresh_token=x', stage: 'token' });
    expect(await ask(http, request)).toMatchObject({ kind: 'invalid', stage: 'token' });
    expect(asked).toEqual([]);
  });

  test('five times is followed, six times is not', async () => {
    const server = await serve((arrival) => {
      const left = Number(arrival.url.pathname.slice(1));
      if (left === 0) arrival.response.end('there');
      else sendOn(() => `/${left - 1}`)(arrival);
    });
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host, '/5'))).toMatchObject({ text: 'there' });
    expect(await ask(http, requestTo(server.host, '/6'))).toMatchObject({
      kind: 'invalid',
      why: 'it redirects more than 5 times',
    });
  });

  test.each([
    ['nowhere', '', 'it redirects (302) to nowhere'],
    ['no URL', 'https://[broken', 'it redirects (302) to nowhere'],
  ])('to %s is invalid', async (_title, location, why) => {
    const server = await serve(({ response }) =>
      response.writeHead(302, location === '' ? {} : { location }).end(),
    );
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'invalid', why });
  });
});

test('B9: a redirect whose body never ends is followed without waiting for it', async () => {
  const server = await serve(({ url, response }) => {
    if (url.pathname === '/end') return response.end('there');
    response.writeHead(302, { location: '/end' });
    return response.write('x');
  });
  const http = transport({ [server.host]: { ...onLoopback, concurrency: 1, timeout: 20_000 } });
  const started = performance.now();
  expect(await ask(http, requestTo(server.host))).toMatchObject({ text: 'there' });
  expect(performance.now() - started).toBeLessThan(10_000);
});

describe('B26: the target of a redirect takes its own row', () => {
  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/latest/meta-data/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fd00:ec2::254]/',
    'https://metadata.google.internal/computeMetadata/v1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
  ])('%s is refused', async (location) => {
    const server = await serve(sendOn(() => location));
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'refused' });
  });

  test('a private address is refused, although the registry itself may be at one', async () => {
    const inside = await serve(mirror);
    const server = await serve(sendOn(() => inside.url));
    const http = transport({ [server.host]: onLoopback, [inside.host]: { plainHttp: true } });
    expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'refused', host: inside.host });
  });

  test('https does not become http, and the query of a signed URL is not shown', async () => {
    const certificate = await makeRegistryCertificate();
    const inside = await serve(mirror);
    const target = `${inside.url}/blob?signature=secret`;
    const server = await serve(
      sendOn(() => target),
      { tls: certificate },
    );
    const rows: Rows = {
      [server.host]: { allowPrivateAddress: true, ca: certificate.ca },
      [inside.host]: { allowPrivateAddress: true },
    };
    const answer = await ask(transport(rows), requestTo(server.host));
    expect(answer).toMatchObject({ kind: 'refused', host: inside.host });
    expect(JSON.stringify(answer)).toContain(`${inside.url}/blob is not https`);
    expect(JSON.stringify(answer)).not.toContain('secret');
    const open = { ...rows, [inside.host]: onLoopback };
    expect(await ask(transport(open), requestTo(server.host))).toMatchObject({ status: 200 });
  });

  test('the CA of the registry is not trusted there', async () => {
    const certificate = await makeRegistryCertificate();
    const storage = await serve(mirror, { tls: certificate });
    const server = await serve(
      sendOn(() => storage.url),
      { tls: certificate },
    );
    const row = { allowPrivateAddress: true, ca: certificate.ca };
    const closed = transport({ [server.host]: row, [storage.host]: { allowPrivateAddress: true } });
    expect(await ask(closed, requestTo(server.host))).toMatchObject({
      kind: 'unreachable',
      stage: 'connect',
      host: storage.host,
    });
    const open = transport({ [server.host]: row, [storage.host]: row });
    expect(await ask(open, requestTo(server.host))).toMatchObject({ status: 200 });
  });
});

describe('B26: a redirect into a row that may lie inside', () => {
  const inside = 'registry.registry-system.svc:5000';
  const sentOn = (rows: Rows, from = 'cdn.example.com', to = `https://${inside}/v2/x`) => {
    const settingsOf = settingsFrom({ [inside]: { allowPrivateAddress: true }, ...rows });
    const endpoint = endpointFor(from, '/v2/', settingsOf(from));
    if (endpoint === undefined) throw new Error(from);
    const hop = { endpoint, headers: {}, redirects: 0 };
    return nextHop(hop, { status: 307, location: to }, requestTo(from), settingsOf);
  };

  test.each<[string, Rows]>([
    ['that nobody configured', {}],
    ['with a row that does not let it lie there', { 'cdn.example.com': { configured: true } }],
  ])('is refused from a host %s', (_title, rows) => {
    const hop = sentOn(rows);
    expect(hop).toMatchObject({ ok: false, error: { kind: 'refused', stage: 'address' } });
    expect(!hop.ok && hop.error.why).toContain('set allowPrivateAddress in the row of cdn.example.com');
  });

  test('is followed from a host that may lie there itself', () => {
    expect(sentOn({ 'cdn.example.com': { allowPrivateAddress: true } }).ok).toBe(true);
  });

  test('is no matter for hosts outside', () => {
    expect(sentOn({}, 'cdn.example.com', 'https://blobs.example.com/x').ok).toBe(true);
  });
});
