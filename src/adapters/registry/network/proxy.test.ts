import * as http from 'node:http';
import * as net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { makeRegistryCertificate } from '../../../../test/fakes/registry/registry-certificate.ts';
import {
  ask,
  createDoubles,
  onLoopback,
  requestTo,
} from '../../../../test/fakes/registry/registry-transport.ts';
import { createProxies } from './proxy.ts';

const doubles = createDoubles();
const { serve, transport } = doubles;
const servers: http.Server[] = [];
afterEach(async () => {
  await doubles.end();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface ProxyDouble {
  readonly url: string;
  readonly address: string;
  /** What it was asked for, and with which credentials. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[];
}
/** A proxy that leads every tunnel and every request to one port of loopback, unless it answers with a status. */
const proxyTo = async (port: () => number, refuse?: number): Promise<ProxyDouble> => {
  const asked: ProxyDouble['asked'] = [];
  const tunnels = new Set<net.Socket>();
  const note = (request: http.IncomingMessage): void =>
    void asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
  const server = http.createServer((request, response) => {
    note(request);
    const { 'proxy-authorization': _own, ...headers } = request.headers;
    const onward = http.request({
      port: port(),
      host: '127.0.0.1',
      path: new URL(request.url ?? '').pathname,
      headers,
    });
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.end();
  });
  server.on('connect', (request, socket: net.Socket) => {
    note(request);
    tunnels.add(socket);
    socket.on('error', () => socket.destroy());
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
      return;
    }
    const onward = net.connect(port(), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.once('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const { port: own } = server.address() as net.AddressInfo;
  return { url: `http://127.0.0.1:${own}`, address: `127.0.0.1:${own}`, asked };
};
const portOf = (host: string): number => Number(host.split(':')[1]);
const neverAsked = (): Promise<never> => Promise.reject(new Error('the resolver was asked'));

describe('through a proxy', () => {
  test('https goes in a tunnel; the proxy alone sees its credentials and looks the name up', async () => {
    const certificate = await makeRegistryCertificate({ names: ['registry.example.com'] });
    const seen: unknown[] = [];
    const registry = await serve(
      ({ request, response }) => (seen.push(request.headers['proxy-authorization']), response.end('ok')),
      { tls: certificate },
    );
    const proxy = await proxyTo(() => portOf(registry.host));
    const http = transport(
      { 'registry.example.com': { ca: certificate.ca } },
      {
        resolve: neverAsked,
        proxy: { httpsProxy: `http://us%65r:p%40ss@${proxy.address}`, httpProxy: 'http://127.0.0.1:9' },
      },
    );
    expect(await ask(http, requestTo('registry.example.com'))).toEqual({ status: 200, text: 'ok' });
    expect(await ask(http, requestTo('registry.example.com'))).toEqual({ status: 200, text: 'ok' });
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(proxy.asked).toEqual([{ target: 'registry.example.com:443', authorization }]);
    expect(seen).toEqual([undefined, undefined]);
  });

  test('the certificate is checked inside of the tunnel: the proxy cannot play the registry', async () => {
    const registry = await serve(({ response }) => response.end('ok'), {
      tls: await makeRegistryCertificate(),
    });
    const proxy = await proxyTo(() => portOf(registry.host));
    const http = transport({}, { proxy: { httpsProxy: proxy.url } });
    expect(await ask(http, requestTo('registry.example.com'))).toMatchObject({
      kind: 'unreachable',
      stage: 'connect',
    });
  });

  test('plain HTTP is asked with the whole URL', async () => {
    const registry = await serve(({ request, response }) => response.end(request.headers.host));
    const proxy = await proxyTo(() => portOf(registry.host));
    const http = transport(
      { 'registry.example.com': { plainHttp: true } },
      { resolve: neverAsked, proxy: { httpProxy: proxy.url } },
    );
    const answer = await ask(http, requestTo('registry.example.com', '/v2/'));
    expect(answer).toEqual({ status: 200, text: 'registry.example.com' });
    expect(proxy.asked).toMatchObject([{ target: 'http://registry.example.com/v2/' }]);
  });

  test.each([
    '169.254.169.254',
    '10.0.0.1',
    '[::ffff:10.0.0.1]',
    '2852039166',
    'registry.tools.svc',
    'metadata.google.internal',
    'registry',
  ])('B26: %s is refused before the proxy is asked', async (host) => {
    const proxy = await proxyTo(() => 9);
    const http = transport({}, { proxy: { httpsProxy: proxy.url } });
    expect(await ask(http, requestTo(host))).toMatchObject({ kind: 'refused', stage: 'address' });
    expect(proxy.asked).toEqual([]);
  });

  test('B26: a redirect to metadata is refused before the proxy is asked', async () => {
    const registry = await serve(({ response }) =>
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    const proxy = await proxyTo(() => portOf(registry.host));
    const rows = { 'registry.example.com': { plainHttp: true }, '169.254.169.254': onLoopback };
    const http = transport(rows, { proxy: { httpProxy: proxy.url } });
    expect(await ask(http, requestTo('registry.example.com'))).toMatchObject({ host: '169.254.169.254' });
    expect(proxy.asked).toHaveLength(1);
  });

  test.each([
    [407, 'wants other credentials'],
    [403, 'refuses a tunnel to this host (403)'],
  ])('an answer of %s is told, without the credentials', async (status, why) => {
    const proxy = await proxyTo(() => 9, status);
    const http = transport({}, { proxy: { httpsProxy: `http://user:secret@${proxy.address}` } });
    const answer = await ask(http, requestTo('registry.example.com'));
    expect(answer).toMatchObject({ kind: 'unreachable', stage: 'connect' });
    expect(JSON.stringify(answer)).toContain(why);
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  test('a proxy that is not there is told apart from the registry', async () => {
    const http = transport({}, { proxy: { httpsProxy: 'http://127.0.0.1:1' } });
    expect(await ask(http, requestTo('registry.example.com'))).toMatchObject({
      why: 'the proxy: connection refused: nothing listens on that port (ECONNREFUSED)',
    });
  });

  test.each(['socks5://user:secret@127.0.0.1:1', 'http://user:%zz-secret@127.0.0.1', 'http://[secret'])(
    'a setting that cannot be used is told without showing it: %s',
    async (httpsProxy) => {
      const answer = await ask(transport({}, { proxy: { httpsProxy } }), requestTo('registry.example.com'));
      expect(answer).toMatchObject({ kind: 'refused', stage: 'configuration' });
      expect(JSON.stringify(answer)).not.toContain('secret');
    },
  );
});

describe('NO_PROXY', () => {
  const direct = (noProxy: string, url: string): boolean => {
    const found = createProxies({ httpsProxy: 'http://proxy.example:3128', noProxy }).proxyFor(new URL(url));
    if (!found.ok) throw new Error(found.error);
    return found.value === undefined;
  };

  test.each([
    ['a name', 'example.com', 'https://example.com', true],
    ['and what lies under it', 'example.com', 'https://a.b.example.com', true],
    ['not what only ends like it', 'example.com', 'https://badexample.com', false],
    ['a leading dot: under it', '.example.com', 'https://a.example.com', true],
    ['a leading dot: not itself', '.example.com', 'https://example.com', false],
    ['a star and a dot are a leading dot', '*.example.com', 'https://a.example.com', true],
    ['upper case', 'EXAMPLE.com', 'https://example.COM', true],
    ['a final dot', 'example.com.', 'https://example.com./', true],
    ['everything', '*', 'https://example.com', true],
    ['one of several', 'a.example, b.example c.example', 'https://c.example', true],
    ['nothing', ' , ', 'https://example.com', false],
    ['a port that is that', 'example.com:5000', 'https://example.com:5000', true],
    ['a port that is another', 'example.com:5000', 'https://example.com', false],
    ['the port of the scheme', 'example.com:443', 'https://example.com', true],
    ['an address', '10.0.0.1', 'https://10.0.0.1', true],
    ['another address', '10.0.0.1', 'https://10.0.0.10', false],
    ['a network', '10.0.0.0/8', 'https://10.9.8.7', true],
    ['outside of the network', '10.0.0.0/8', 'https://11.0.0.1', false],
    ['a network does not match names', '0.0.0.0/0', 'https://example.com', false],
    ['IPv6', '2001:db8::1', 'https://[2001:db8::1]', true],
    ['IPv6 with a port', '[2001:db8::1]:5000', 'https://[2001:db8::1]:5000', true],
    ['IPv6 with another port', '[2001:db8::1]:5000', 'https://[2001:db8::1]', false],
    ['an IPv6 network', '2001:db8::/32', 'https://[2001:db8:1::1]', true],
    ['this machine, without being told', '', 'https://127.0.0.1:5000', true],
    ['localhost, without being told', '', 'https://localhost:5000', true],
    ['an empty entry of dots matches nothing', '.', 'https://example.com', false],
  ])('%s: "%s" and %s', (_title, noProxy, url, expected) => {
    expect(direct(noProxy, url)).toBe(expected);
  });

  test('no proxy set: everything is direct', () => {
    expect(createProxies().proxyFor(new URL('https://example.com'))).toEqual({ ok: true, value: undefined });
    expect(createProxies({ httpsProxy: ' ' }).proxyFor(new URL('https://example.com'))).toEqual({
      ok: true,
      value: undefined,
    });
  });

  test('a proxy without a scheme is asked by plain HTTP', () => {
    const found = createProxies({ httpsProxy: 'proxy.example:3128' }).proxyFor(
      new URL('https://example.com'),
    );
    expect(found.ok && found.value?.url.href).toBe('http://proxy.example:3128/');
  });
});
