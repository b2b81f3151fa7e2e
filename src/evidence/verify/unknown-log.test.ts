/** A log, a timestamp authority or a CA that the trust root does not know is called that, with the age of the root; and only where nothing is wrong. */
import { describe, expect, test } from 'vitest';
import { rejectedText } from '../../core/facts/claim-text.ts';
import { ecPair, sha256 } from '../../../test/fakes/signature/certificate-authority.ts';
import { keylessBundle, keylessSimpleLayer } from '../../../test/fakes/signature/keyless.ts';
import {
  certificatePem,
  createSigstore,
  day,
  minute,
  now,
  signedAt,
  type LeafOptions,
} from '../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, subject, verification } from '../../../test/fakes/signature/signed-layers.ts';
import type { TrustRootSnapshot } from '../trust/trust-root.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer, VerificationResult } from './verification.ts';

const acme = createSigstore();
/** Its log has just begun: the root of acme does not name it yet. */
const next = createSigstore();
const written = { writtenAt: now - 41 * day };
const sigstore = { ...acme.snapshot('sigstore'), ...written };

const verify = (
  layer: CandidateLayer,
  trustRoots: readonly TrustRootSnapshot[] = [sigstore],
): VerificationResult => verifyCandidate(verification([layer], { trustRoots, now }));
const outcome = ({ claims, rejected: [first] }: VerificationResult): string =>
  claims.length > 0 ? 'believed' : `${first?.fault}: ${first?.why}`;

type Entry = Record<string, unknown> & { readonly canonicalizedBody: string };
type Bundle = ReturnType<typeof keylessBundle>;
const entryOf = ({ verificationMaterial }: Bundle): Entry => verificationMaterial.tlogEntries[0] as Entry;
/** The bundle with log entries in place of its own. */
const withEntries = (bundle: Bundle, ...tlogEntries: readonly object[]): CandidateLayer =>
  bundleLayer({ ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries } });
/** What the log of another instance says of the same bytes. */
const loggedBy = ({ entry }: typeof acme, { canonicalizedBody }: Entry, at?: number): Entry =>
  entry(JSON.parse(Buffer.from(canonicalizedBody, 'base64').toString()) as object, at, true);

const honest = keylessBundle(acme);
const own = entryOf(honest);
const unknown = loggedBy(next, own, signedAt);
const rekor2 = keylessBundle(acme, { log: 'rekor2' });
const stamped = keylessBundle(acme, { stamped: true });
const lying = keylessBundle(acme, { logged: { signature: Buffer.from('another') } });
const notNamed =
  "untrusted: its log entry is of a log that the trust root 'sigstore' (written 41 days ago) does not name: " +
  'a newer root may know it';

describe('a log that the trust root does not name', () => {
  test.each<[string, CandidateLayer]>([
    ['is told where an entry of it is all that there is', withEntries(honest, unknown)],
    ['is told of simple signing', keylessSimpleLayer({ ...acme, entry: next.entry })],
    ['is told where it signs no time', withEntries(rekor2, loggedBy(next, entryOf(rekor2)))],
    [
      'is told once, however many there are',
      withEntries(honest, unknown, loggedBy(createSigstore(), own, signedAt)),
    ],
  ])('%s', (_sentence, layer) => {
    expect(outcome(verify(layer))).toBe(notNamed);
  });

  test.each<[string, CandidateLayer, RegExp]>([
    [
      'excuses no wrong promise of a log that the root names',
      withEntries(honest, { ...own, integratedTime: String(signedAt / 1000 + 1) }),
      /^invalid: nobody says .* is not proven by its log$/,
    ],
    [
      'excuses no wrong entry beside it',
      withEntries(honest, unknown, { ...own, integratedTime: String(signedAt / 1000 + 1) }),
      /^invalid: nobody says .* is not proven by its log$/,
    ],
    [
      'excuses no entry about another signature',
      withEntries(lying, loggedBy(next, entryOf(lying), signedAt)),
      /^invalid: nobody says .* is about another /,
    ],
    [
      'excuses no entry without a proof',
      withEntries(honest, { ...unknown, inclusionProof: undefined }),
      /^invalid: nobody says .* has no proof$/,
    ],
    [
      'excuses no proof of another head than its checkpoint',
      withEntries(honest, {
        ...unknown,
        inclusionProof: { ...(unknown['inclusionProof'] as object), treeSize: '3' },
      }),
      /^invalid: nobody says .* is not proven by its log$/,
    ],
    [
      'excuses no timestamp that is wrong, and that is what is told',
      bundleLayer({
        ...honest,
        verificationMaterial: {
          ...honest.verificationMaterial,
          tlogEntries: [unknown],
          timestampVerificationData: {
            rfc3161Timestamps: [{ signedTimestamp: acme.stamp(Buffer.from('another')) }],
          },
        },
      }),
      /^invalid: nobody says .* its timestamp is about another signature$/,
    ],
    [
      'excuses no wrong signature',
      withEntries(keylessBundle(acme, { certificate: acme.issue(ecPair().spki) }), unknown),
      /^invalid: its signature is wrong$/,
    ],
  ])('%s', (_sentence, layer, want) => {
    expect(outcome(verify(layer))).toMatch(want);
  });

  test.each<[string, CandidateLayer, readonly string[]]>([
    ['spoils no entry of a log that it names', withEntries(honest, unknown, own), ['log']],
    [
      'spoils no timestamp, and counts as no log',
      withEntries(stamped, loggedBy(next, entryOf(stamped), signedAt)),
      ['timestamp'],
    ],
  ])('G8: %s', (_sentence, layer, times) => {
    const { claims } = verify(layer);
    expect(claims).toMatchObject([{ times: times.map((from) => ({ from })) }]);
  });

  test('is known to a newer root', () => {
    const tlogs = [...acme.trustedRoot.tlogs, ...next.trustedRoot.tlogs];
    const newer = acme.snapshot('sigstore', { ...acme.trustedRoot, tlogs });
    expect(outcome(verify(withEntries(honest, unknown), [newer]))).toBe('believed');
  });

  test('of the root that knows the certificate goes before a root that knows nothing of it', () => {
    const other = createSigstore().snapshot('other');
    for (const roots of [
      [other, sigstore],
      [sigstore, other],
    ])
      expect(outcome(verify(withEntries(honest, unknown), roots))).toBe(notNamed);
  });

  test('is told whole in a finding', () => {
    const [first] = verify(withEntries(honest, unknown)).rejected;
    const rejected = { ...first!, candidate: subject, sources: ['referrers'], location: 'acme/web' } as const;
    expect(`untrusted: ${rejectedText(rejected)}`.endsWith(notNamed.slice('untrusted: '.length))).toBe(true);
  });
});

describe('a timestamp authority that the trust root does not name', () => {
  const stampedBy = (stamp: typeof next.stamp, log: 'none' | 'rekor2' = 'none'): CandidateLayer =>
    bundleLayer(keylessBundle({ ...acme, stamp }, { log, stamped: true }));
  const withCertificate = { key: ecPair(), serial: 9, bringsCertificate: true };
  const bringing: typeof next.stamp = (bytes, at) => next.stamp(bytes, at, withCertificate);
  const isUnknown =
    "untrusted: its timestamp is of an authority that the trust root 'sigstore' (written 41 days ago) does not name for " +
    'its time: a newer root may know it';

  test.each<[string, CandidateLayer]>([
    ['is told where its timestamp is all that there is', stampedBy(next.stamp)],
    ['is told where its certificate comes with the token', stampedBy(bringing)],
    ['is told where a log beside it signs no time', stampedBy(next.stamp, 'rekor2')],
  ])('%s', (_sentence, layer) => {
    expect(outcome(verify(layer))).toBe(isUnknown);
  });

  test.each<[string, CandidateLayer, RegExp]>([
    [
      'excuses no token whose own certificate does not bear it out',
      stampedBy((bytes, at) => {
        const token = Buffer.from(bringing(bytes, at), 'base64');
        token[token.length - 1]! ^= 1;
        return token.toString('base64');
      }),
      /^invalid: nobody says .* its timestamp has a wrong signature$/,
    ],
    [
      'excuses no token about another signature',
      stampedBy((_bytes, at) => next.stamp(Buffer.from('another'), at)),
      /^invalid: nobody says .* its timestamp is about another signature$/,
    ],
  ])('%s', (_sentence, layer, want) => {
    expect(outcome(verify(layer))).toMatch(want);
  });

  test('G8: spoils no time of a log', () => {
    const { claims } = verify(bundleLayer(keylessBundle({ ...acme, stamp: next.stamp }, { stamped: true })));
    expect(claims).toMatchObject([{ times: [{ from: 'log' }] }]);
  });

  test('is known to a newer root', () => {
    const timestampAuthorities = [
      ...acme.trustedRoot.timestampAuthorities,
      ...next.trustedRoot.timestampAuthorities,
    ];
    const newer = acme.snapshot('sigstore', { ...acme.trustedRoot, timestampAuthorities });
    expect(outcome(verify(stampedBy(next.stamp), [newer]))).toBe('believed');
  });
});

describe('a log of certificates that the trust root does not name', () => {
  const why = (leaf: LeafOptions, roots?: readonly TrustRootSnapshot[]): string | undefined =>
    verify(bundleLayer(keylessBundle(acme, { leaf })), roots).claims[0]?.checks.find(
      ({ check }) => check === 'certificate-log',
    )?.why;
  const young = ecPair();
  const id = sha256(young.spki).toString('hex');

  test('is told by its id, with the age of the root', () => {
    expect(why({ sct: { log: young } })).toBe(
      `its certificate is in the log of certificates ${id}, which the trust root 'sigstore' (written 41 days ago) does not name: ` +
        'a newer root may know it',
    );
  });

  test('is not blamed for what a log that is named did not sign', () => {
    expect(why({ sct: { at: now + day } })).toBe(
      "no log of certificates in the trust root 'sigstore' (written 41 days ago) signed what the certificate says",
    );
  });
});

test.each<[string, number | undefined, string]>([
  ['says nothing of an age that is not known', undefined, "'sigstore' does"],
  ['is young on the day on which it was written', 0, "'sigstore' (written less than a day ago) does"],
  ['is young where clocks differ', -minute, "'sigstore' (written less than a day ago) does"],
  ['counts whole days', 2 * day - minute, "'sigstore' (written 1 day ago) does"],
  ['counts on', 400 * day, "'sigstore' (written 400 days ago) does"],
])('a trust root %s', (_sentence, age, want) => {
  const root = { ...acme.snapshot('sigstore'), ...(age === undefined ? {} : { writtenAt: now - age }) };
  expect(outcome(verify(withEntries(honest, unknown), [root]))).toContain(`the trust root ${want} not name`);
});

test('a certificate authority that no trust root names is called that, with the age of the root', () => {
  const x509 = {
    ...acme.snapshot('plain'),
    kind: 'x509',
    roots: certificatePem(acme.rootDer),
    ...written,
  } as const;
  const told = (name: string): string =>
    `untrusted: no certificate authority of the trust root '${name}' (written 41 days ago) issued its certificate: ` +
    'a newer root may know the one that did';
  const foreign = bundleLayer(keylessBundle(next));
  expect(outcome(verify(foreign))).toBe(told('sigstore'));
  expect(outcome(verify(foreign, [x509]))).toBe(told('plain'));
  expect(outcome(verify(foreign, [acme.snapshot('sigstore')]))).toBe(
    "untrusted: no certificate authority of the trust root 'sigstore' issued its certificate: " +
      'a newer root may know the one that did',
  );
  const forged = keylessBundle(next, { certificate: next.issue(ecPair().spki) });
  expect(outcome(verify(bundleLayer(forged)))).toMatch(/^invalid: /);
});
