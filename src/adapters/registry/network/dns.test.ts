import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { fastestOf } from '../../../../test/fastest-of.ts';
import { createResolveHost } from './dns.ts';

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** What a DNS server says: addresses by question, `nothing` for no such name, silence for `undefined`. */
type Zone = (name: string, type: 'A' | 'AAAA') => readonly Buffer[] | 'nothing' | undefined;
const a = (text: string): Buffer => Buffer.from(text.split('.').map(Number));
const aaaa = (last: number): Buffer => Buffer.from([0x2a, 0, ...Array.from({ length: 13 }, () => 0), last]);

/** Enough of RFC 1035, 4 for one question and its addresses. */
const dnsServer = async (zone: Zone): Promise<{ readonly address: string; readonly asked: string[] }> => {
  const asked: string[] = [];
  const server = createSocket('udp4');
  server.on('message', (query, peer) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.subarray(at + 1, at + 1 + length).toString());
      at += length + 1;
    }
    const type = query.readUInt16BE(at + 1) === 28 ? 'AAAA' : 'A';
    asked.push(`${type} ${labels.join('.')}`);
    const answer = zone(labels.join('.').toLowerCase(), type);
    if (answer === undefined) return;
    const addresses = answer === 'nothing' ? [] : answer;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(answer === 'nothing' ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((data) => {
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(data.length === 4 ? 1 : 28, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt16BE(data.length, 10);
      return Buffer.concat([record, data]);
    });
    server.send(Buffer.concat([header, query.subarray(12, at + 5), ...records]), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  endings.push(() => server.close());
  return { address: `127.0.0.1:${server.address().port}`, asked };
};
const owners = (): readonly string[] => ['shop'];
const patient = new AbortController().signal;

describe('a name that anybody may choose', () => {
  test('is asked for in both families, IPv4 first, and without search domains', async () => {
    const dns = await dnsServer((_name, type) => (type === 'A' ? [a('192.0.2.1')] : [aaaa(1)]));
    const resolve = createResolveHost([dns.address]);
    const found = await resolve('registry.example.com', { system: false, signal: patient, owners });
    expect(found).toEqual(['192.0.2.1', '2a00::1']);
    expect(new Set(dns.asked)).toEqual(new Set(['A registry.example.com', 'AAAA registry.example.com']));
  });

  test('does not wait for the family that never answers', async () => {
    const dns = await dnsServer((_name, type) => (type === 'A' ? [a('192.0.2.1')] : undefined));
    const took = await fastestOf(3, async () => {
      const found = await createResolveHost([dns.address])('a.example', {
        system: false,
        signal: patient,
        owners,
      });
      expect(found).toEqual(['192.0.2.1']);
    });
    expect(took).toBeLessThan(1000);
  });

  test('with addresses of one family only is found', async () => {
    const dns = await dnsServer((_name, type) => (type === 'A' ? [] : [aaaa(2)]));
    expect(
      await createResolveHost([dns.address])('a.example', { system: false, signal: patient, owners }),
    ).toEqual(['2a00::2']);
  });

  test('whose DNS never answers is given up with the request, and takes no thread of this process', async () => {
    const dns = await dnsServer(() => undefined);
    const resolve = createResolveHost([dns.address]);
    const review = new AbortController();
    let over = 0;
    const lookups = Array.from({ length: 50 }, (_, index) =>
      resolve(`black-hole-${index}.example`, { system: false, signal: review.signal, owners }).finally(
        () => over++,
      ),
    );
    const all = Promise.allSettled(lookups);
    // With getaddrinfo all four threads would be taken by now, for ten seconds.
    expect(await resolve('localhost', { system: true, signal: patient, owners })).toContain('127.0.0.1');
    expect(over).toBe(0);
    const started = performance.now();
    review.abort();
    expect((await all).every(({ status }) => status === 'rejected')).toBe(true);
    // A lookup of the system would take ten seconds.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('B26: that leads inside is looked for as one that does not exist, so that their times are alike', async () => {
    const dns = await dnsServer(() => [a('10.0.0.9')]);
    const resolve = createResolveHost([dns.address]);
    const isUsable = (address: string): boolean => !address.startsWith('10.');
    const asking = { system: false, signal: patient, owners };
    expect(await resolve('localhost', { ...asking, isUsable })).toContain('127.0.0.1');
    expect(await resolve('localhost', asking)).toEqual(['10.0.0.9']);
  });

  test('that DNS does not know may stand in the hosts file of this machine', async () => {
    const dns = await dnsServer(() => 'nothing');
    const found = await createResolveHost([dns.address])('localhost', {
      system: false,
      signal: patient,
      owners,
    });
    expect(found).toContain('127.0.0.1');
  });
});
