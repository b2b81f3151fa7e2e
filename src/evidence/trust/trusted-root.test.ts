import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import publicGood from '../../adapters/trust-root/public-good.json' with { type: 'json' };
import { readTrustedRoot } from './trusted-root.ts';

type Root = typeof publicGood;

/** The public-good root after a change. */
const changed = (change: (root: Root) => void): string => {
  const root = structuredClone(publicGood);
  change(root);
  return JSON.stringify(root);
};
const problemsOf = (text: string): readonly string[] => {
  const read = readTrustedRoot(text);
  return read.ok ? [] : read.error;
};
const spki = ({ publicKey }: { readonly publicKey: KeyObject }): string =>
  publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const shortRsa = spki(generateKeyPairSync('rsa', { modulusLength: 1024 }));
const p384 = spki(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }));

const log = (root: Root) => root.tlogs[0]!;
const ca = (root: Root) => root.certificateAuthorities[1]!;
const tsa = (root: Root) => root.timestampAuthorities[0]!;
const remove = (object: object, field: string): void => {
  Reflect.deleteProperty(object, field);
};

describe('a trusted root that is refused, and where', () => {
  test.each<[string, (root: Root) => void, RegExp]>([
    [
      'another media type',
      (root) => void (root.mediaType = 'application/json'),
      /^mediaType: .* expected one of/,
    ],
    ['no media type', (root) => remove(root, 'mediaType'), /^mediaType: missing field/],
    [
      'G9, S9: a log without a start',
      (root) => remove(log(root).publicKey.validFor, 'start'),
      /^tlogs\[0\]\.publicKey\.validFor\.start: missing field "start"$/,
    ],
    [
      'G9, S9: a log without a period',
      (root) => remove(log(root).publicKey, 'validFor'),
      /^tlogs\[0\]\.publicKey\.validFor: missing field "validFor"$/,
    ],
    [
      'G9, S9: a CA without a start',
      (root) => remove(ca(root).validFor, 'start'),
      /^certificateAuthorities\[1\]\.validFor\.start: missing/,
    ],
    [
      'G9, S9: a timestamp authority without a start',
      (root) => remove(tsa(root).validFor, 'start'),
      /^timestampAuthorities\[0\]\.validFor\.start: missing/,
    ],
    [
      'G9, S9: a CT log without a start',
      (root) => remove(root.ctlogs[1]!.publicKey.validFor, 'start'),
      /^ctlogs\[1\]\.publicKey\.validFor\.start: missing/,
    ],
    [
      'a start that is no time',
      (root) => void (log(root).publicKey.validFor.start = '2021-02-30T00:00:00Z'),
      /^tlogs\[0\]\.publicKey\.validFor\.start: is no time of RFC 3339/,
    ],
    [
      'an end before the start',
      (root) =>
        void (ca(root).validFor = { start: '2024-01-01T00:00:00Z', end: '2023-01-01T00:00:00Z' } as never),
      /^certificateAuthorities\[1\]\.validFor: ends before it starts$/,
    ],
    [
      'a misspelt end, which would trust it for ever',
      (root) => Object.assign(ca(root).validFor, { ende: '2023-01-01T00:00:00Z' }),
      /^certificateAuthorities\[1\]\.validFor\.ende: unknown field "ende", did you mean "end"\?$/,
    ],
    [
      'a certificate that is none',
      (root) => void (ca(root).certChain.certificates[0]!.rawBytes = 'AAAA'),
      /^certificateAuthorities\[1\]\.certChain\.certificates\[0\]\.rawBytes: is no certificate in DER that can be read$/,
    ],
    [
      'a certificate with something behind it',
      (root) => {
        const [one] = ca(root).certChain.certificates;
        one!.rawBytes = Buffer.concat([Buffer.from(one!.rawBytes, 'base64'), Buffer.from('x')]).toString(
          'base64',
        );
      },
      /certificates\[0\]\.rawBytes: is no certificate in DER that can be read$/,
    ],
    [
      'a chain in the wrong order',
      (root) => ca(root).certChain.certificates.reverse(),
      /^certificateAuthorities\[1\]\.certChain\.certificates\[0\]: is not issued by the certificate behind it/,
    ],
    [
      'a chain without certificates',
      (root) => void (ca(root).certChain.certificates = []),
      /^certificateAuthorities\[1\]\.certChain\.certificates: must not be empty$/,
    ],
    [
      'a leaf as CA',
      (root) => void (ca(root).certChain.certificates = tsa(root).certChain.certificates),
      /^certificateAuthorities\[1\]\.certChain\.certificates\[0\]: is no certificate of a CA/,
    ],
    [
      'a timestamp authority without its anchor',
      (root) => void tsa(root).certChain.certificates.pop(),
      /^timestampAuthorities\[0\]\.certChain\.certificates\[0\]: is no certificate of a CA/,
    ],
    [
      'a key that is none',
      (root) => void (log(root).publicKey.rawBytes = 'MFkw'),
      /^tlogs\[0\]\.publicKey\.rawBytes: is no public key in DER; keyDetails say PKIX_ECDSA_P256_SHA_256$/,
    ],
    [
      'a key with something behind it',
      (root) => {
        const key = Buffer.from(log(root).publicKey.rawBytes, 'base64');
        log(root).publicKey.rawBytes = Buffer.concat([key, Buffer.from('x')]).toString('base64');
      },
      /rawBytes: is no public key in DER/,
    ],
    [
      'a key of another curve',
      (root) => void (log(root).publicKey.rawBytes = p384),
      /rawBytes: is a key of the curve secp384r1; keyDetails say PKIX_ECDSA_P256_SHA_256$/,
    ],
    [
      'a key of another kind',
      (root) => void (log(root).publicKey.rawBytes = root.tlogs[1]!.publicKey.rawBytes),
      /rawBytes: is a key of the kind ed25519/,
    ],
    [
      'a key that can be broken',
      (root) => Object.assign(log(root).publicKey, { rawBytes: shortRsa, keyDetails: 'PKIX_RSA_PKCS1V5' }),
      /rawBytes: has 1024 bits, and 2048 are the least/,
    ],
    [
      'a kind of key that cannot be verified here',
      (root) => void (log(root).publicKey.keyDetails = 'ML_DSA_65'),
      /^tlogs\[0\]\.publicKey\.keyDetails: "ML_DSA_65" is not allowed here/,
    ],
    [
      'base64 with a line break',
      (root) => void (log(root).publicKey.rawBytes = log(root).publicKey.rawBytes.replace('G2Y', 'G2\nY')),
      /rawBytes: is not base64/,
    ],
    [
      'a log id in hexadecimal digits',
      (root) => void (log(root).logId.keyId = Buffer.from('c0'.repeat(32)).toString('base64')),
      /^tlogs\[0\]\.logId\.keyId: must be 32 or 4 bytes/,
    ],
    [
      'one log id with two keys',
      (root) => void (root.tlogs[1]!.logId.keyId = log(root).logId.keyId),
      /^tlogs: two entries for the log wNI9atQGlz.* do not agree/,
    ],
    [
      'one log twice, once without its end',
      (root) =>
        root.ctlogs.push({
          ...root.ctlogs[0]!,
          publicKey: { ...root.ctlogs[0]!.publicKey, validFor: { start: '2021-03-14T00:00:00Z' } },
        }),
      /^ctlogs: two entries for the log .* do not agree/,
    ],
    [
      'nothing at all',
      (root) => {
        for (const list of [root.tlogs, root.ctlogs, root.certificateAuthorities, root.timestampAuthorities])
          list.length = 0;
      },
      /^names no certificate authority, no log and no timestamp authority$/,
    ],
    [
      'too many entries',
      (root) => void (root.tlogs = Array.from({ length: 65 }, () => log(root))),
      /^tlogs: has more than 64 items$/,
    ],
  ])('%s', (_title, change, want) => {
    const problems = problemsOf(changed(change));
    expect(problems.filter((problem) => want.test(problem))).toHaveLength(1);
  });

  test.each([
    ['an empty text', ' \n', /^is empty$/],
    ['no JSON', 'trusted', /^it is not JSON; a trusted_root\.json belongs here/],
    ['a list', '[]', /^it is not a JSON object/],
    ['a key twice', changed(() => undefined).replace('{', '{"tlogs":[],'), /^it holds one key twice/],
    ['a huge one', ' '.repeat(256 * 1024 + 1), /^is larger than 256 KiB$/],
    ['brackets without end', '['.repeat(100_000), /levels/],
    ['too many lines', `${changed(() => undefined)}\n`.repeat(17), /^has more than 16 lines/],
    ['a prototype', changed(() => undefined).replace('{', '{"__proto__":{},'), /unknown field "__proto__"/],
  ])('%s', (_title, text, want) => {
    expect(problemsOf(text)[0]).toMatch(want);
  });

  test('a truncated one, wherever it was cut', () => {
    const text = JSON.stringify(publicGood, undefined, 2);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: text.length - 1 }),
        (length) => !readTrustedRoot(text.slice(0, length)).ok,
      ),
    );
    expect(problemsOf(text.slice(0, 3000))[0]).toMatch(/^it is not JSON; .* this text ends with "/);
  });
});

test('a flipped bit anywhere never throws, and is refused or read', () => {
  const text = JSON.stringify(publicGood);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.length - 1 }), fc.integer({ min: 0, max: 6 }), (at, bit) => {
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
      const read = readTrustedRoot(text.slice(0, at) + flipped + text.slice(at + 1));
      expect(read.ok || read.error.length > 0).toBe(true);
    }),
  );
});

describe('a trusted root that is read', () => {
  test('both ends of a period, and none', () => {
    const read = readTrustedRoot(changed(() => undefined));
    if (!read.ok) throw new Error(read.error.join('; '));
    expect(read.value.ctlogs[0]!.validFor).toEqual({
      start: Date.UTC(2021, 2, 14),
      end: Date.UTC(2022, 9, 31, 23, 59, 59, 999),
    });
    expect(read.value.tlogs[1]!.validFor).toEqual({ start: Date.UTC(2025, 8, 23) });
  });

  test('the lines of gh: all are trusted together, and what stands in two lines counts once', () => {
    const other = changed((root) => {
      root.certificateAuthorities = [];
      root.tlogs = [log(root)];
    });
    const read = readTrustedRoot(`${changed(() => undefined)}\n\n${other}\r\n`);
    if (!read.ok) throw new Error(read.error.join('; '));
    expect(read.value.tlogs).toHaveLength(2);
    expect(read.value.certificateAuthorities).toHaveLength(2);
    expect(read.value.timestampAuthorities).toHaveLength(2);
  });

  test('a problem in a line names the line', () => {
    const broken = changed((root) => remove(ca(root).validFor, 'start'));
    expect(problemsOf(`${changed(() => undefined)}\n${broken}`)).toEqual([
      'line 2: certificateAuthorities[1].validFor.start: missing field "start"',
    ]);
  });

  test('a key in the older form of RSA', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).subarray(24).toString('base64');
    const withKey = (bytes: string): string =>
      changed((root) =>
        Object.assign(log(root).publicKey, { rawBytes: bytes, keyDetails: 'PKCS1_RSA_PKCS1V5' }),
      );
    const read = readTrustedRoot(withKey(rawBytes));
    expect(read.ok && read.value.tlogs[0]!.key.equals(publicKey)).toBe(true);
    const longer = Buffer.concat([Buffer.from(rawBytes, 'base64'), Buffer.from('x')]).toString('base64');
    expect(problemsOf(withKey(longer))).toHaveLength(1);
  });

  test('the newer media type, with operators and checkpoint ids; lists may be left out', () => {
    const read = readTrustedRoot(
      changed((root) => {
        root.mediaType = 'application/vnd.dev.sigstore.trustedroot.v0.2+json';
        Object.assign(log(root), { operator: 'sigstore.dev', checkpointKeyId: { keyId: 'wNI9ag==' } });
        for (const list of ['ctlogs', 'timestampAuthorities']) remove(root, list);
      }),
    );
    if (!read.ok) throw new Error(read.error.join('; '));
    expect(read.value.tlogs[0]).toMatchObject({
      operator: 'sigstore.dev',
      checkpointKeyId: Buffer.from('wNI9ag==', 'base64'),
    });
    expect(read.value.timestampAuthorities).toEqual([]);
  });
});
