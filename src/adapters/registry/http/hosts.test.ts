import { expect, test } from 'vitest';
import type { Connection } from '../network/connection.ts';
import type { Endpoint } from '../network/endpoint.ts';
import { hostOutage } from '../network/failure.ts';
import { createHosts, type Host, type Hosts } from './hosts.ts';
import { defaultSettings } from '../settings.ts';

const endpoint = (name: string): Endpoint => ({
  name,
  url: new URL(`https://${name}/`),
  settings: defaultSettings(name),
});
const patient = new AbortController().signal;
/** A connection that only says whether it was closed. */
const fakeConnection = (): Connection & { readonly closed: () => boolean } => {
  let closed = false;
  return {
    send: () => Promise.reject(new Error('not sent')),
    allowBody: () => undefined,
    alive: () => !closed,
    close: () => void (closed = true),
    closed: () => closed,
  };
};
const clockAt = () => {
  let time = 0;
  return { monotonic: () => time, pass: (milliseconds: number) => (time += milliseconds) };
};
const hostOf = (hosts: Hosts, name: string): Host => {
  const host = hosts.get(endpoint(name));
  if (host === undefined) throw new Error('no capacity');
  return host;
};

const shop = (): readonly string[] => ['shop'];

test('a host is kept; the one not asked for longest goes, and its idle connections with it', () => {
  const hosts = createHosts({ maxHosts: 2, maxWaiting: 1 }, clockAt());
  const first = hostOf(hosts, 'a.example');
  const idle = fakeConnection();
  first.putIdle(idle, defaultSettings('a.example'));
  const second = hostOf(hosts, 'b.example');
  expect(hostOf(hosts, 'a.example')).toBe(first);
  hostOf(hosts, 'c.example');
  expect(hostOf(hosts, 'a.example')).toBe(first);
  expect(idle.closed()).toBe(false);
  expect(hostOf(hosts, 'b.example')).not.toBe(second);
  hostOf(hosts, 'd.example');
  expect(idle.closed()).toBe(true);
});

test('a host that is being asked stays; when all are, there is no capacity', async () => {
  const hosts = createHosts({ maxHosts: 1, maxWaiting: 1 }, clockAt());
  const turn = await hostOf(hosts, 'a.example').semaphore.acquire(shop, patient);
  expect(hosts.get(endpoint('b.example'))).toBeUndefined();
  if (turn.state === 'acquired') turn.release();
  expect(hosts.get(endpoint('b.example'))).toBeDefined();
});

test('B9: silent hosts that an attacker names take no place from a configured one, nor its memory', async () => {
  const hosts = createHosts({ maxHosts: 2, maxWaiting: 1 }, clockAt());
  const house = endpoint('registry.example.com');
  const configured = { ...house, settings: { ...house.settings, configured: true } };
  const first = hosts.get(configured);
  for (const name of ['evil0.example', 'evil1.example'])
    await hostOf(hosts, name).semaphore.acquire(shop, patient);
  expect(hosts.get(endpoint('evil2.example'))).toBeUndefined();
  expect(first).toBeDefined();
  expect(hosts.get(configured)).toBe(first);
  const other = { ...endpoint('other.example'), settings: { ...configured.settings, host: 'other.example' } };
  expect(hosts.get(other)).toBeDefined();
});

test('names made up by an attacker push out one another before a host whose breaker is open or that asked for a pause', () => {
  const clock = clockAt();
  const hosts = createHosts({ maxHosts: 3, maxWaiting: 1 }, clock);
  const dead = hostOf(hosts, 'dead.example');
  for (let count = 0; count < 5; count++) {
    const permit = dead.circuitBreakers.acquire('team/app');
    if (!permit.open) permit.record('failure', hostOutage('connect', 'dead.example', 'connection refused'));
  }
  const busy = hostOf(hosts, 'busy.example');
  busy.rateLimits.record({ host: 'busy.example', target: '/v2/' }, { until: 20_000, status: 429 });
  for (let count = 0; count < 50; count++) hostOf(hosts, `evil${count}.example`);
  expect(hostOf(hosts, 'dead.example')).toBe(dead);
  expect(hostOf(hosts, 'busy.example')).toBe(busy);
});

test('the same name under another scheme or port is another host', () => {
  const hosts = createHosts({ maxHosts: 8, maxWaiting: 1 }, clockAt());
  const secure = hostOf(hosts, 'a.example');
  const open = { ...endpoint('a.example'), url: new URL('http://a.example/') };
  expect(hosts.get(open)).not.toBe(secure);
  expect(hostOf(hosts, 'a.example:5000')).not.toBe(secure);
});

test('a connection made under another row is not kept, and those that were are closed', () => {
  const hosts = createHosts({ maxHosts: 2, maxWaiting: 1 }, clockAt());
  const host = hostOf(hosts, 'a.example');
  const [before, late] = [fakeConnection(), fakeConnection()];
  host.putIdle(before, defaultSettings('a.example'));
  hosts.get({ ...endpoint('a.example'), settings: { ...defaultSettings('a.example'), ca: 'PEM' } });
  expect(before.closed()).toBe(true);
  host.putIdle(late, defaultSettings('a.example'));
  expect(late.closed()).toBe(true);
  expect(host.takeIdle()).toBeUndefined();
});

test('the newest idle connection is taken first, dead ones are passed over', () => {
  const hosts = createHosts({ maxHosts: 2, maxWaiting: 1 }, clockAt());
  const host = hostOf(hosts, 'a.example');
  const [old, young, dead] = [fakeConnection(), fakeConnection(), fakeConnection()];
  for (const connection of [old, young, dead]) host.putIdle(connection, defaultSettings('a.example'));
  dead.close();
  expect(host.takeIdle()).toBe(young);
  expect(hosts.closeOneIdle()).toBe(old);
  expect(old.closed()).toBe(true);
  expect(hosts.closeOneIdle()).toBeUndefined();
});

test('no more connections are kept than may be under way', () => {
  const hosts = createHosts({ maxHosts: 2, maxWaiting: 1 }, clockAt());
  const host = hostOf(hosts, 'a.example');
  const settings = { ...defaultSettings('a.example'), concurrency: 2 };
  hosts.get({ ...endpoint('a.example'), settings });
  const [first, second, third] = [fakeConnection(), fakeConnection(), fakeConnection()];
  for (const connection of [first, second, third]) host.putIdle(connection, settings);
  expect([first.closed(), second.closed(), third.closed()]).toEqual([true, false, false]);
});
