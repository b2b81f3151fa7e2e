import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressBytes } from './address-bytes.ts';
import { type AddressVerdict, isInternalName, judgeAddress, permits } from './address-guard.ts';

const verdicts: readonly (readonly [AddressVerdict, string, string])[] = [
  ['never', 'AWS, Google and Azure instance metadata', '169.254.169.254'],
  ['never', 'ECS task metadata', '169.254.170.2'],
  ['never', 'Alibaba metadata, inside of CGNAT', '100.100.100.200'],
  ['never', 'Azure platform address, otherwise public', '168.63.129.16'],
  ['never', 'Oracle classic metadata', '192.0.0.192'],
  ['never', 'unspecified, which Linux connects to loopback', '0.0.0.0'],
  ['never', 'this network', '0.1.2.3'],
  ['never', 'multicast', '224.0.0.1'],
  ['never', 'last multicast', '239.255.255.255'],
  ['never', 'broadcast', '255.255.255.255'],
  ['private', 'loopback', '127.0.0.1'],
  ['private', 'last loopback', '127.255.255.254'],
  ['private', 'RFC 1918 10/8', '10.1.2.3'],
  ['private', 'RFC 1918 172.16/12, first', '172.16.0.0'],
  ['private', 'RFC 1918 172.16/12, last', '172.31.255.255'],
  ['public', 'just below 172.16/12', '172.15.255.255'],
  ['public', 'just above 172.16/12', '172.32.0.0'],
  ['private', 'RFC 1918 192.168/16', '192.168.0.1'],
  ['private', 'CGNAT, first', '100.64.0.0'],
  ['private', 'CGNAT, last', '100.127.255.255'],
  ['public', 'just above CGNAT', '100.128.0.0'],
  ['private', 'benchmark', '198.19.0.1'],
  ['private', 'documentation', '203.0.113.9'],
  ['private', 'reserved', '240.0.0.1'],
  ['public', 'a public resolver', '8.8.8.8'],
  ['never', 'unspecified', '::'],
  ['private', 'loopback', '::1'],
  ['never', 'link-local', 'fe80::1'],
  ['never', 'link-local with a zone', 'fe80::1%eth0'],
  ['never', 'last link-local', 'febf:ffff::1'],
  ['private', 'site-local', 'fec0::1'],
  ['private', 'ULA', 'fd12:3456::1'],
  ['private', 'ULA, lower half', 'fc00::1'],
  ['never', 'AWS metadata', 'fd00:ec2::254'],
  ['never', 'EKS pod identity', 'fd00:ec2::23'],
  ['never', 'Google metadata', 'fd20:ce::254'],
  ['never', 'multicast', 'ff02::1'],
  ['private', 'documentation', '2001:db8::1'],
  ['private', 'discard only', '100::1'],
  ['private', 'not given out', '4000::1'],
  ['public', 'a public resolver', '2001:4860:4860::8888'],
  ['never', 'mapped metadata', '::ffff:169.254.169.254'],
  ['never', 'mapped metadata in hex', '::ffff:a9fe:a9fe'],
  ['private', 'mapped loopback', '::ffff:127.0.0.1'],
  ['public', 'mapped public', '::ffff:8.8.8.8'],
  ['private', 'compatible loopback', '::127.0.0.1'],
  ['never', 'compatible metadata', '::169.254.169.254'],
  ['never', 'translated metadata', '::ffff:0:169.254.169.254'],
  ['never', 'NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
  ['private', 'NAT64 of RFC 1918', '64:ff9b::10.0.0.1'],
  ['public', 'NAT64 of a public address', '64:ff9b::8.8.8.8'],
  ['private', 'local NAT64 of a public address', '64:ff9b:1::8.8.8.8'],
  ['never', 'local NAT64 of metadata', '64:ff9b:1::169.254.169.254'],
  ['never', '6to4 of metadata', '2002:a9fe:a9fe::1'],
  ['private', '6to4 of loopback', '2002:7f00:1::1'],
  ['public', '6to4 of a public address', '2002:808:808::1'],
  ['private', 'Teredo whose client is loopback', '2001:0:808:808::80ff:fffe'],
  ['never', 'Teredo whose client is metadata', '2001:0:808:808::5601:5601'],
  ['private', 'Teredo whose server is private', '2001:0:a00:1::f7f7:f7f7'],
  ['private', 'ISATAP of loopback', '2a00:1450::5efe:7f00:1'],
  ['never', 'no address at all', 'example.com'],
  ['never', 'half an address', '10.0.0'],
];

describe('B26: an address is judged by its bytes', () => {
  test.each(verdicts)('%s: %s, %s', (verdict, _what, address) => {
    expect(judgeAddress(address)).toBe(verdict);
  });

  test('allowPrivateAddress opens private addresses and never metadata', () => {
    expect(permits('private', true)).toBe(true);
    expect(permits('private', false)).toBe(false);
    expect(permits('never', true)).toBe(false);
    expect(permits('public', false)).toBe(true);
  });
});

const octet = fc.integer({ min: 0, max: 255 });
/** Half of the time near something special, else anywhere. */
const ipv4 = fc.oneof(
  fc.tuple(octet, octet, octet, octet),
  fc
    .tuple(fc.constantFrom([127, 0], [10, 1], [169, 254], [192, 168], [100, 100], [168, 63]), octet, octet)
    .map(([[first, second], third, fourth]) => [first, second, third, fourth] as const),
);
const hex = (value: number): string => value.toString(16);

describe('B26: every spelling of an address gets the same verdict', () => {
  test('IPv4 through the URL parser: decimal, hexadecimal, octal, shortened, one number', () => {
    fc.assert(
      fc.property(ipv4, ([a, b, c, d]) => {
        const whole = ((a * 256 + b) * 256 + c) * 256 + d;
        const spellings = [
          `${a}.${b}.${c}.${d}`,
          `${a}.${b}.${c}.${d}.`,
          `0x${hex(a)}.0x${hex(b)}.0x${hex(c)}.0x${hex(d)}`,
          `0${a.toString(8)}.0${b.toString(8)}.0${c.toString(8)}.0${d.toString(8)}`,
          `${a}.${b}.${c * 256 + d}`,
          `${a}.${(b * 256 + c) * 256 + d}`,
          String(whole),
          `0x${hex(whole)}`,
        ];
        const judged = spellings.map((text) => judgeAddress(new URL(`https://${text}/`).hostname));
        expect(new Set(judged)).toEqual(new Set([judgeAddress(`${a}.${b}.${c}.${d}`)]));
      }),
    );
  });

  test('IPv4 inside of IPv6: mapped, compatible, translated, NAT64 and 6to4 say what the IPv4 address says', () => {
    fc.assert(
      fc.property(ipv4, ([a, b, c, d]) => {
        const dotted = `${a}.${b}.${c}.${d}`;
        const pair = `${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
        const expected = judgeAddress(dotted);
        for (const text of [
          `::ffff:${dotted}`,
          `::FFFF:${pair}`,
          `0:0:0:0:0:ffff:${pair}`,
          `::ffff:0:${dotted}`,
          `64:ff9b::${pair}`,
          `2002:${pair}::`,
        ])
          expect([text, judgeAddress(text)]).toEqual([text, expected]);
      }),
    );
  });

  test('IPv6: compressed, written out, upper case, in brackets, through the URL parser', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = addressBytes(text)!;
        expect(bytes).toHaveLength(16);
        const full = Array.from({ length: 8 }, (_, index) =>
          hex(bytes[index * 2]! * 256 + bytes[index * 2 + 1]!).padStart(4, '0'),
        ).join(':');
        const expected = judgeAddress(text);
        for (const spelling of [full, full.toUpperCase(), `[${full}]`, new URL(`http://[${text}]/`).hostname])
          expect(judgeAddress(spelling)).toBe(expected);
      }),
    );
  });
});

test.each([
  ['localhost', true],
  ['registry', true],
  ['registry.', true],
  ['a.localhost', true],
  ['registry.tools.svc', true],
  ['registry.tools.SVC.', true],
  ['registry.tools.svc.cluster.local', true],
  ['printer.local', true],
  ['metadata.google.internal', true],
  ['registry.example.com', false],
  ['local.example.com', false],
  ['svc.example.com.', false],
  ['notlocal', true],
  ['evil.xlocal', false],
])('B26: the name %s is internal: %s', (name, internal) => {
  expect(isInternalName(name)).toBe(internal);
});
