import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Arrival, Listener } from '../../../../test/fakes/registry/registry-listener.ts';
import {
  ask,
  createDoubles,
  onLoopback,
  requestTo,
  responseOf,
  type Rows,
} from '../../../../test/fakes/registry/registry-transport.ts';
import type { RegistryHttpOptions } from './transport.ts';

const doubles = createDoubles();
const { transport } = doubles;
afterEach(doubles.end);
/** A server that notes every request. */
const serve = async (
  handle: (arrival: Arrival) => unknown = ({ response }) => response.end('reached'),
): Promise<Listener & { readonly arrived: string[]; readonly port: string }> => {
  const arrived: string[] = [];
  const listener = await doubles.serve((arrival) => {
    arrived.push(arrival.url.pathname);
    return handle(arrival);
  });
  return { ...listener, arrived, port: listener.host.split(':')[1] ?? '' };
};
/** Only the address guard stands in the way: plain HTTP is allowed everywhere. */
const openTo = (rows: Rows): Rows =>
  new Proxy(rows, { get: (target, host) => ({ plainHttp: true, ...target[String(host)] }) });
const neverAsked = (): Promise<never> => Promise.reject(new Error('the resolver was asked'));

describe('B26: an address that is written as the host', () => {
  test.each([
    '127.0.0.1',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '0x7f000001',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '10.0.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '[fd00::1]',
  ])('%s is refused without a row, and nothing is connected', async (host) => {
    const server = await serve();
    const opened: string[] = [];
    const http = transport(openTo({}), {
      resolve: neverAsked,
      openSocket: (addresses, port) => (opened.push(...addresses), connect(port, '127.0.0.1')),
    });
    expect(await ask(http, requestTo(`${host}:${server.port}`))).toMatchObject({
      kind: 'refused',
      stage: 'address',
      why: expect.stringContaining('allowPrivateAddress') as string,
    });
    expect([server.arrived, opened]).toEqual([[], []]);
  });

  test.each([
    '169.254.169.254',
    '2852039166',
    '0xa9.0xfe.0xa9.0xfe',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '100.100.100.200',
    '168.63.129.16',
    '0.0.0.0',
    '0',
    '[::]',
    '224.0.0.1',
    '255.255.255.255',
  ])('%s is refused, also with allowPrivateAddress', async (host) => {
    const opened: string[] = [];
    const http = transport(
      { [host]: onLoopback },
      { openSocket: (addresses) => (opened.push(...addresses), connect(9, '127.0.0.1')) },
    );
    expect(await ask(http, requestTo(host))).toMatchObject({ kind: 'refused', stage: 'address' });
    expect(opened).toEqual([]);
  });

  test.each(['127.0.0.1', '127.1', '2130706433'])('%s is reached when its row allows it', async (host) => {
    const server = await serve();
    const name = `${host}:${server.port}`;
    expect(await ask(transport({ [name]: onLoopback }), requestTo(name))).toMatchObject({ text: 'reached' });
  });
});

describe('B26: a name', () => {
  test.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'registry',
    'registry.tools.svc',
    'registry.tools.svc.cluster.local',
    'registry.local',
    'metadata.google.internal',
  ])('%s is refused before DNS is asked', async (host) => {
    const http = transport(openTo({}), { resolve: neverAsked });
    expect(await ask(http, requestTo(host))).toMatchObject({
      kind: 'refused',
      stage: 'address',
      why: expect.stringContaining('its name is internal') as string,
    });
  });

  test('that leads inside is refused, and the address is not told', async () => {
    const server = await serve();
    const http = transport(openTo({}), { resolve: () => Promise.resolve(['10.20.30.40', '127.0.0.1']) });
    const answer = await ask(http, requestTo(`registry.example.com:${server.port}`));
    expect(answer).toMatchObject({ kind: 'refused', stage: 'address' });
    expect(JSON.stringify(answer)).not.toMatch(/10\.20|127\.0/);
    expect(server.arrived).toEqual([]);
  });

  test('that leads to metadata is refused, also with allowPrivateAddress', async () => {
    const http = transport(
      { 'registry.example.com': { ...onLoopback, configured: true } },
      { resolve: () => Promise.resolve(['169.254.169.254']) },
    );
    expect(await ask(http, requestTo('registry.example.com'))).toMatchObject({
      kind: 'refused',
      why: 'its address is link-local, a metadata service or no address of a host; nothing opens that',
    });
  });

  const says = (addresses: readonly string[], code = 'ENOTFOUND') =>
    addresses.length > 0
      ? () => Promise.resolve(addresses)
      : () => Promise.reject(Object.assign(new Error('x'), { code }));

  test('that nobody configured is refused alike, whatever DNS says of it', async () => {
    const resolves = [
      says([]),
      says([], 'ENODATA'),
      says([], 'EBADNAME'),
      says(['10.0.0.1']),
      says(['127.0.0.1', '::1']),
      says(['169.254.169.254']),
    ];
    const answers = await Promise.all(
      resolves.map((resolve) => ask(transport({}, { resolve }), requestTo('db.prod.example.com'))),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      kind: 'refused',
      stage: 'address',
      why: expect.stringMatching(/^there is no such host, or its address is private/) as string,
    });
  });

  test.each([
    ['does not exist', says([]), 'unreachable', /^no such host/],
    ['leads inside', says(['10.0.0.1']), 'refused', /^its address is private or reserved/],
  ] as const)('that has a row and %s is told as it is', async (_title, resolve, kind, why) => {
    const http = transport({ 'registry.example.com': { configured: true } }, { resolve });
    const answer = await ask(http, requestTo('registry.example.com'));
    expect(answer).toMatchObject({ kind, why: expect.stringMatching(why) as string });
  });

  test('with a public and a private address is connected to the public one only', async () => {
    const opened: (readonly string[])[] = [];
    const http = transport(openTo({}), {
      resolve: () => Promise.resolve(['10.0.0.1', '203.0.114.9', '::1', '2a00:1450::1']),
      openSocket: (addresses) => (opened.push(addresses), connect(9, '127.0.0.1')),
    });
    await ask(http, requestTo('registry.example.com'));
    expect(opened).toEqual([['203.0.114.9', '2a00:1450::1']]);
  });

  test('is looked up once a connection: a second answer is never asked for (DNS rebinding)', async () => {
    const server = await serve();
    const answers = [['203.0.114.9'], ['127.0.0.1']];
    let asked = 0;
    const opened: string[] = [];
    const http = transport(openTo({}), {
      resolve: () => Promise.resolve(answers[asked++] ?? []),
      openSocket: (addresses, port) => {
        opened.push(...addresses);
        return connect(port, '127.0.0.1');
      },
    });
    const name = `registry.example.com:${server.port}`;
    await ask(http, requestTo(name));
    expect([asked, opened]).toEqual([1, ['203.0.114.9']]);
    expect(await ask(http, requestTo(name))).toMatchObject({ kind: 'refused' });
    expect([asked, opened]).toEqual([2, ['203.0.114.9']]);
  });

  test('whose connection ends up at another address gets not a byte', async () => {
    const server = await serve();
    const http = transport(openTo({}), {
      resolve: () => Promise.resolve(['203.0.114.9']),
      openSocket: (_addresses, port) => connect(port, '127.0.0.1'),
    });
    expect(await ask(http, requestTo(`registry.example.com:${server.port}`))).toMatchObject({
      kind: 'refused',
      stage: 'address',
      why: 'the connection led to another address than the one that was checked',
    });
    expect(server.arrived).toEqual([]);
  });

  test('whose connection ends up at another private address gets none either', async () => {
    const server = await serve();
    const name = `registry.example.com:${server.port}`;
    const http = transport(
      { [name]: onLoopback },
      {
        resolve: () => Promise.resolve(['10.1.2.3']),
        openSocket: (_addresses, port) => connect(port, '127.0.0.1'),
      },
    );
    expect(await ask(http, requestTo(name))).toMatchObject({ kind: 'refused', stage: 'address' });
    expect(server.arrived).toEqual([]);
  });

  test('with a row is looked up as this machine does, one without by DNS alone', async () => {
    const systems: boolean[] = [];
    const resolve: RegistryHttpOptions['resolve'] = (_name, { system }) => {
      systems.push(system);
      return Promise.resolve([]);
    };
    const http = transport({ 'a.example': onLoopback }, { resolve });
    await ask(http, requestTo('a.example'));
    await ask(http, requestTo('b.example'));
    expect(systems).toEqual([true, false]);
  });
});

describe('B26: a token server that a registry names', () => {
  test('does not get the private address that the registry has', async () => {
    const registry = await serve();
    const inside = await serve();
    const http = transport(openTo({ [registry.host]: onLoopback }));
    const realm = new URL(`http://${inside.host}/token`);
    expect(await ask(http, requestTo(registry.host, realm))).toMatchObject({
      kind: 'refused',
      host: inside.host,
    });
    expect(inside.arrived).toEqual([]);
  });

  test('is reached by its own row; credentials in its URL are not used', async () => {
    const inside = await serve(({ response, request }) =>
      response.end(String(request.headers.authorization)),
    );
    const http = transport({ [inside.host]: onLoopback });
    const realm = new URL(`http://user:secret@${inside.host}/token#x`);
    const response = responseOf(await http.send(requestTo('registry.example.com', realm)));
    expect(response.url.href).toBe(`http://${inside.host}/token`);
    const body = await response.read(100);
    expect(body.ok && Buffer.from(body.value).toString()).toBe('undefined');
  });

  test('is not asked by plain HTTP without plainHttp in its row', async () => {
    const http = transport({ 'auth.example.com': { allowPrivateAddress: true } });
    const realm = new URL('http://auth.example.com/token?secret=1');
    const answer = await ask(http, requestTo('registry.example.com', realm));
    expect(answer).toMatchObject({ kind: 'refused', stage: 'configuration', host: 'auth.example.com' });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});
