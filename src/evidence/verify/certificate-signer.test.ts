import { X509Certificate } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import {
  certificate,
  codeSigning,
  commonName,
  ecPair,
  extension,
  extensions,
  name,
  rsaPair,
  timeStamping,
} from '../../../test/fakes/signature/certificate-authority.ts';
import {
  keylessBundle,
  keylessDsseLayer,
  keylessMessageBundle,
  keylessSimpleLayer,
  type KeylessOptions,
} from '../../../test/fakes/signature/keyless.ts';
import {
  createSigstore,
  day,
  identity,
  issuerUrl,
  minute,
  now,
  signedAt,
  type LeafOptions,
  type Sigstore,
} from '../../../test/fakes/signature/sigstore-instance.ts';
import {
  bundleLayer,
  ecKey,
  statement,
  subject,
  verification,
} from '../../../test/fakes/signature/signed-layers.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer, Verification, VerificationResult } from './verification.ts';

const acme = createSigstore();
const provenance = statement({ predicateType: 'https://slsa.dev/provenance/v1', predicate: { x: 1 } });

const verify = (layer: CandidateLayer, more: Partial<Verification> = {}): VerificationResult =>
  verifyCandidate(verification([layer], { trustRoots: [acme.snapshot()], now, ...more }));
const bundle = (options: KeylessOptions = {}, instance: Sigstore = acme): CandidateLayer =>
  bundleLayer(keylessBundle(instance, options));
const outcome = ({ claims, rejected: [first] }: VerificationResult): string =>
  claims.length > 0 ? 'believed' : `${first?.fault}: ${first?.why}`;
const outcomesOf = ({ claims: [claim] }: VerificationResult) =>
  Object.fromEntries((claim?.checks ?? []).map(({ check, outcome }) => [check, outcome]));

const forms: readonly (readonly [
  string,
  Verification['says'],
  (options: KeylessOptions) => CandidateLayer,
])[] = [
  ['a statement in a bundle', 'signed', (options) => bundleLayer(keylessBundle(acme, options))],
  [
    'a message signature in a bundle',
    'signed',
    (options) => bundleLayer(keylessMessageBundle(acme, options)),
  ],
  ['simple signing', 'signed', (options) => keylessSimpleLayer(acme, options)],
  ['an envelope', 'attested', (options) => keylessDsseLayer(acme, { payload: provenance, ...options })],
  [
    'an attestation in a bundle',
    'attested',
    (options) => bundleLayer(keylessBundle(acme, { payload: provenance, ...options })),
  ],
];

test('the signatures among the certificates of a root are verified with the first candidate alone', () => {
  const other = createSigstore();
  const trustRoots = [other.snapshot()];
  const verifying = vi.spyOn(X509Certificate.prototype, 'verify');
  const verified = (): number => {
    verifying.mockClear();
    const stamped = bundle({ log: 'none', stamped: true }, other);
    expect(outcome(verify(stamped, { trustRoots }))).toBe('believed');
    return verifying.mock.calls.length;
  };
  expect(verified()).toBeGreaterThan(1);
  // That of the certificate of the signer.
  expect([verified(), verified()]).toEqual([1, 1]);
  verifying.mockRestore();
});

describe('a certificate of a trust root', () => {
  test.each(forms)('%s yields a claim with identity, log and time', (_form, says, layer) => {
    const result = verify(layer({}), { says });
    expect(result.rejected).toEqual([]);
    expect(result.claims).toMatchObject([
      {
        says,
        about: subject,
        signer: {
          kind: 'certificate',
          trustRoot: 'acme',
          names: [{ kind: 'uri', value: identity }],
          issuer: issuerUrl,
          fields: {
            sourceRepositoryUri: 'https://github.com/acme/web',
            tokenSubject: 'repo:acme/web:ref:refs/heads/main',
          },
          subject: '',
          certificateLogs: ['https://ct.example.com'],
          validity: { from: signedAt - minute, until: signedAt + 9 * minute },
        },
        logs: [{ trustRoot: 'acme', log: 'https://rekor.example.com' }],
        times: [{ trustRoot: 'acme', from: 'log', authority: 'https://rekor.example.com', at: signedAt }],
      },
    ]);
    expect(outcomesOf(result)).toEqual({
      signature: 'passed',
      certificate: 'passed',
      'certificate-log': 'passed',
      log: 'passed',
      timestamp: 'not-made',
    });
  });

  test.each(forms)('%s with a timestamp and no log entry', (_form, says, layer) => {
    const result = verify(layer({ log: 'none', stamped: true }), { says });
    expect(result.claims[0]?.times).toEqual([
      { trustRoot: 'acme', from: 'timestamp', authority: 'https://tsa.example.com', at: signedAt },
    ]);
    expect(outcomesOf(result)).toMatchObject({ log: 'not-made', timestamp: 'passed' });
  });

  test.each(forms.filter(([form]) => form.includes('bundle')))(
    '%s with an entry of Rekor v2 and a timestamp',
    (_form, says, layer) => {
      for (const kind of ['dsse', 'hashedrekord'] as const) {
        const result = verify(layer({ log: 'rekor2', kind, stamped: true }), { says });
        expect(result.claims).toMatchObject([
          { logs: [{ log: 'https://rekor.example.com' }], times: [{ from: 'timestamp' }] },
        ]);
      }
    },
  );

  test('S5: an entry of Rekor v2 alone gives no time, so its certificate is not believed', () => {
    expect(outcome(verify(bundle({ log: 'rekor2' })))).toMatch(/^untrusted: no log and no timestamp/);
  });

  test('G6: a certificate that nobody dates is refused, not a crash', () => {
    expect(outcome(verify(bundle({ log: 'none' })))).toMatch(/^untrusted: no log and no timestamp/);
  });

  test('an entry as cosign 1 wrote it counts for the envelope that it names', () => {
    const old = { payload: provenance, kind: 'old intoto' } as const;
    expect(outcome(verify(keylessDsseLayer(acme, old), { says: 'attested' }))).toBe('believed');
    for (const logged of [{ envelope: Buffer.from('another') }, { certificate: acme.issue(ecPair().spki) }])
      expect(outcome(verify(keylessDsseLayer(acme, { ...old, logged }), { says: 'attested' }))).toMatch(
        /^invalid: .*is about another/,
      );
  });

  test('S6: an entry of cosign 1 names no signature, so it proves nothing in a bundle, whatever its log says', () => {
    const { verificationMaterial, ...rest } = keylessBundle(acme, { kind: 'old intoto' });
    const [{ inclusionProof, inclusionPromise, ...entry }] = verificationMaterial.tlogEntries as [
      Record<string, object>,
    ];
    for (const proven of [{ inclusionProof, inclusionPromise }, { inclusionProof }, { inclusionPromise }])
      for (const version of ['0.1', '0.3']) {
        const mediaType = `application/vnd.dev.sigstore.bundle+json;version=${version}`;
        const tlogEntries = [{ ...entry, ...proven }];
        const made = { ...rest, mediaType, verificationMaterial: { ...verificationMaterial, tlogEntries } };
        const found = outcome(verify({ ...bundleLayer(made), mediaType }));
        const isWanted = version === '0.1' ? 'inclusionPromise' in proven : 'inclusionProof' in proven;
        expect(found).toMatch(
          isWanted ? /names no signature and so proves nothing in a bundle$/ : /has no pro/,
        );
      }
  });

  test('an entry of the kind intoto counts', () => {
    expect(outcome(verify(bundle({ kind: 'intoto' })))).toBe('believed');
  });

  test.each([
    ['P-384', 'sha384'],
    ['P-521', 'sha512'],
  ])('G5: %s signs envelopes and messages with %s', (curve, hash) => {
    const options = { key: ecPair(curve), hash };
    expect(outcome(verify(bundle(options)))).toBe('believed');
    expect(outcome(verify(bundleLayer(keylessMessageBundle(acme, options))))).toBe('believed');
  });

  test('G7: RSA timestamp authorities count', () => {
    const rsa = createSigstore({ stamper: rsaPair() });
    const layer = bundle({ log: 'none', stamped: true }, rsa);
    expect(outcome(verify(layer, { trustRoots: [rsa.snapshot()] }))).toBe('believed');
  });

  test.each<[string, Buffer, object]>([
    ['an e-mail address', name.email('dev@acme.example'), { kind: 'email', value: 'dev@acme.example' }],
    ['a URI', name.uri('spiffe://acme/build'), { kind: 'uri', value: 'spiffe://acme/build' }],
    ['a host name', name.dns('build.acme.example'), { kind: 'dns', value: 'build.acme.example' }],
    ['another name', name.other('dev!acme.example'), { kind: 'other', value: 'dev!acme.example' }],
  ])('G10: %s is a name', (_what, san, want) => {
    expect(verify(bundle({ leaf: { names: [san] } })).claims).toMatchObject([{ signer: { names: [want] } }]);
  });

  test('a static CT log signs extensions too', () => {
    const leaf = { sct: { extensions: Buffer.from('0000050000000001', 'hex') } };
    expect(outcomesOf(verify(bundle({ leaf })))).toMatchObject({ 'certificate-log': 'passed' });
  });

  test.each<[string, LeafOptions, string]>([
    ['no log of certificates', { sct: 'none' }, 'not-made'],
    ['a log that the root does not name', { sct: { log: ecPair() } }, 'failed'],
    ['a promise from before the log', { sct: { at: Date.parse('2025-01-01T00:00:00Z') } }, 'failed'],
  ])('S13: %s is told, and is for the policy to judge', (_what, leaf, want) => {
    const result = verify(bundle({ leaf }));
    expect(outcomesOf(result)['certificate-log']).toBe(want);
    expect(result.claims).toMatchObject([{ signer: { certificateLogs: [] } }]);
  });

  test('each trust root that stands behind it is a signer of its own', () => {
    const roots = [acme.snapshot('one'), acme.snapshot('two')];
    const { claims } = verify(bundle(), { trustRoots: roots });
    expect(claims).toMatchObject([{ signer: { trustRoot: 'one' } }, { signer: { trustRoot: 'two' } }]);
    expect(claims[0]?.logs).toHaveLength(2);
  });

  test('a key that a policy names counts whatever certificate stands beside it', () => {
    const key = ecPair();
    const { claims } = verify(bundle({ key }), { keys: [key.spki.toString('base64')], trustRoots: [] });
    expect(claims).toMatchObject([{ signer: { kind: 'key' } }]);
  });
});

describe('no certificate is believed', () => {
  const unknown = (critical: boolean): Buffer => extension('1.2.3.4.5', Buffer.from([5, 0]), critical);

  test.each<[string, LeafOptions, RegExp]>([
    [
      'G1: without the purpose of code signing',
      { purposes: [timeStamping] },
      /^invalid: .*not for code signing/,
    ],
    ['G1: without a purpose', { purposes: 'none' }, /^invalid: .*not for code signing/],
    ['that is one of a CA', { more: [extensions.ca()] }, /^invalid: .*is one of a CA/],
    [
      'G10: with a critical extension that nobody knows',
      { more: [unknown(true)] },
      /^invalid: .*critical extension/,
    ],
    ['G10: with name constraints', { more: [extensions.nameConstraints] }, /^invalid: .*name constraints/],
    ['with two names', { names: [name.uri(identity), name.email('a@b.example')] }, /^invalid: .*2 names/],
    ['without a name', { names: [] }, /^invalid: .*0 names/],
    ['with a name that cannot be read', { names: [name.uri('https://a\0b')] }, /^invalid: the names/],
    ['with a name of another kind', { names: [name.ip(10, 0, 0, 1)] }, /^invalid: the names/],
    ['with two issuers', { formerIssuer: 'https://evil.example' }, /^invalid: .*two issuers/],
    [
      'B5, CVE-2026-24122: that had expired',
      { from: signedAt - day, until: signedAt - minute },
      /^invalid: .*valid when/,
    ],
    ['that was not valid yet', { from: signedAt + minute, until: signedAt + day }, /^invalid: .*valid when/],
    [
      'with an extension twice',
      { more: [unknown(false), unknown(false)] },
      /^unreadable: its certificate cannot be read/,
    ],
  ])('%s', (_what, leaf, why) => {
    expect(outcome(verify(bundle({ leaf })))).toMatch(why);
  });

  test('an extension that nobody knows and that is not critical changes nothing', () => {
    expect(outcome(verify(bundle({ leaf: { more: [unknown(false)] } })))).toBe('believed');
  });

  test('CVE-2026-24122: an intermediate certificate that had expired at the signing time', () => {
    const late = createSigstore({ intermediateUntil: signedAt - minute });
    const layer = bundle({}, late);
    expect(outcome(verify(layer, { trustRoots: [late.snapshot()] }))).toMatch(/^invalid: .*valid when/);
  });

  test('G10: name constraints or a foreign purpose of a CA refuse what it issued', () => {
    for (const more of [extensions.nameConstraints, extensions.purposes([timeStamping])]) {
      const bound = createSigstore({ intermediateMore: [more] });
      expect(outcome(verify(bundle({}, bound), { trustRoots: [bound.snapshot()] }))).toMatch(/^invalid: /);
    }
  });

  test('of another instance', () => {
    const other = createSigstore();
    // No forgery: it may well be good there.
    expect(outcome(verify(bundle({}, other)))).toMatch(/^untrusted: no certificate authority of .* 'acme'/);
    expect(outcome(verify(bundle({}, other), { trustRoots: [] }))).toMatch(/^untrusted: no trust root/);
  });

  test('that is self-signed with the name of the CA', () => {
    const key = ecPair();
    const fields = {
      subject: commonName('intermediate'),
      issuer: commonName('root'),
      spki: key.spki,
      from: signedAt - minute,
      until: signedAt + minute,
      extensions: [
        extensions.maySign,
        extensions.purposes([codeSigning]),
        extensions.names(name.uri(identity)),
      ],
    };
    const layer = bundle({ key, certificate: certificate(fields, ecPair()) });
    expect(outcome(verify(layer))).toMatch(/^untrusted: no certificate authority/);
  });

  test('whose key did not make the signature', () => {
    const layer = bundle({ certificate: acme.issue(ecPair().spki) });
    expect(outcome(verify(layer))).toBe('invalid: its signature is wrong');
  });

  test('by an authority that the root does not trust at that time', () => {
    const root = structuredClone(acme.trustedRoot);
    root.certificateAuthorities[0]!.validFor.end = new Date(signedAt - minute).toISOString();
    expect(outcome(verify(bundle(), { trustRoots: [acme.snapshot('acme', root)] }))).toMatch(
      /^invalid: .*valid when/,
    );
  });

  test('with one time within its validity and one outside', () => {
    const honest = keylessBundle(acme, { stamped: true });
    const signature = Buffer.from(honest.dsseEnvelope.signatures[0]!.sig, 'base64');
    const later = { rfc3161Timestamps: [{ signedTimestamp: acme.stamp(signature, signedAt + day) }] };
    const material = { ...honest.verificationMaterial, timestampVerificationData: later };
    const layer = bundleLayer({ ...honest, verificationMaterial: material });
    expect(outcome(verify(layer))).toMatch(/^invalid: .*valid when/);
  });

  test('S5: dated after now', () => {
    const early = { now: signedAt - 6 * minute };
    expect(outcome(verify(bundle(), early))).toMatch(/^invalid: .*in the future/);
    expect(outcome(verify(bundle({ log: 'none', stamped: true }), early))).toMatch(
      /^invalid: .*in the future/,
    );
    expect(outcome(verify(bundle(), { now: signedAt - 4 * minute }))).toBe('believed');
  });
});

describe('a key of a policy, where a trust root is asked', () => {
  test('gets the times and logs of the root too', () => {
    const key = ecKey();
    const stamped = keylessBundle(acme, {
      key: { privateKey: key.privateKey, spki: Buffer.from(key.spki, 'base64') },
    });
    const signature = Buffer.from(stamped.dsseEnvelope.signatures[0]!.sig, 'base64');
    const layer = bundleLayer({
      ...stamped,
      verificationMaterial: {
        publicKey: { hint: 'x' },
        timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: acme.stamp(signature) }] },
      },
    });
    const { claims } = verify(layer, { keys: [key.spki] });
    expect(claims).toMatchObject([{ signer: { kind: 'key' }, times: [{ from: 'timestamp', at: signedAt }] }]);
  });
});
