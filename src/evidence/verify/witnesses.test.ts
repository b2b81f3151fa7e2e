import { describe, expect, test } from 'vitest';
import { ecPair } from '../../../test/fakes/signature/certificate-authority.ts';
import {
  keylessBundle,
  keylessMessageBundle,
  keylessSimpleLayer,
  type KeylessOptions,
} from '../../../test/fakes/signature/keyless.ts';
import {
  certificatePem,
  createSigstore,
  day,
  minute,
  now,
  signedAt,
} from '../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, bundleMediaType, verification } from '../../../test/fakes/signature/signed-layers.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer, VerificationResult } from './verification.ts';

const acme = createSigstore();
const verify = (layer: CandidateLayer, root: object = acme.trustedRoot): VerificationResult =>
  verifyCandidate(verification([layer], { trustRoots: [acme.snapshot('acme', root)], now }));
const outcome = ({ claims, rejected: [first] }: VerificationResult): string =>
  claims.length > 0 ? 'believed' : `${first?.fault}: ${first?.why}`;
const witnessesOf = ({ claims: [claim] }: VerificationResult) => ({
  logs: claim?.logs.length,
  times: claim?.times.map(({ from }) => from),
});

type Material = Record<string, unknown> & { tlogEntries: readonly Record<string, unknown>[] };
interface Bundle {
  readonly verificationMaterial: object;
}
/** The bundle after a change of what stands beside the signature. */
const changed = (bundle: Bundle, change: (material: Material) => object): CandidateLayer => {
  const material = structuredClone(bundle.verificationMaterial) as Material;
  return bundleLayer({ ...bundle, verificationMaterial: { ...material, ...change(material) } });
};
const otherKey = ecPair();
const stampsOf = (bundle: Bundle): readonly { readonly signedTimestamp: string }[] =>
  (bundle.verificationMaterial as { timestampVerificationData: { rfc3161Timestamps: [] } })
    .timestampVerificationData.rfc3161Timestamps;

/** A log entry of another candidate: each names something that is not of this one. */
const lies: readonly (readonly [string, NonNullable<KeylessOptions['logged']>])[] = [
  ['the certificate of somebody else', { certificate: acme.issue(otherKey.spki) }],
  ['another signature', { signature: Buffer.from('another') }],
  ['another digest', { message: Buffer.from('another'), payload: Buffer.from('another') }],
];

describe('B4, CVE-2026-22703, G2, S6: a log entry about something else says nothing', () => {
  const kinds: readonly (readonly [string, KeylessOptions])[] = [
    ['dsse of Rekor v1', { kind: 'dsse' }],
    ['intoto of Rekor v1', { kind: 'intoto' }],
    ['dsse of Rekor v2', { kind: 'dsse', log: 'rekor2', stamped: true }],
    ['hashedrekord of Rekor v2', { kind: 'hashedrekord', log: 'rekor2', stamped: true }],
  ];
  test.each(
    kinds.flatMap(([kind, options]) => lies.map(([lie, logged]) => [kind, lie, options, logged] as const)),
  )('%s: %s', (_kind, _lie, options, logged) => {
    const result = verify(bundleLayer(keylessBundle(acme, { ...options, logged })));
    // Rekor v2 gives no time, so a timestamp stands for it, and the claim has no log.
    if (options.stamped) expect(witnessesOf(result)).toEqual({ logs: 0, times: ['timestamp'] });
    else expect(outcome(result)).toMatch(/^invalid: nobody says .* is about another /);
    const honest = verify(bundleLayer(keylessBundle(acme, options)));
    expect(witnessesOf(honest).logs).toBe(1);
  });

  test.each(lies)('of a message signature: %s', (_lie, logged) => {
    expect(outcome(verify(bundleLayer(keylessMessageBundle(acme, { logged }))))).toMatch(/is about another /);
  });
  test.each(lies)('of simple signing: %s', (_lie, logged) => {
    expect(outcome(verify(keylessSimpleLayer(acme, { logged })))).toMatch(/^untrusted|is about another /);
  });

  test('a field more in the leaf of Rekor v2 is another leaf', () => {
    const honest = keylessBundle(acme, { log: 'rekor2', stamped: true });
    const { tlogEntries } = honest.verificationMaterial as unknown as Material;
    const text = Buffer.from(tlogEntries[0]!['canonicalizedBody'] as string, 'base64').toString();
    const body = { ...(JSON.parse(text) as object), more: 1 };
    const layer = changed(honest, () => ({ tlogEntries: [acme.entry(body, undefined, true)] }));
    expect(witnessesOf(verify(layer)).logs).toBe(0);
  });

  test('an entry of a kind that nobody knows', () => {
    const body = { apiVersion: '0.0.1', kind: 'helm', spec: {} };
    const layer = changed(keylessBundle(acme), () => ({ tlogEntries: [acme.entry(body, signedAt, true)] }));
    expect(outcome(verify(layer))).toMatch(/is of a kind that is not known/);
  });
});

describe('G8: one bad witness spoils nothing', () => {
  const honest = keylessBundle(acme, { stamped: true });
  const [entry] = (honest.verificationMaterial as unknown as Material).tlogEntries;
  const foreign = createSigstore();

  test('a log entry that is wrong, beside a good one', () => {
    const [other] = (keylessBundle(acme).verificationMaterial as unknown as Material).tlogEntries;
    const layer = changed(honest, () => ({ tlogEntries: [other, entry] }));
    expect(witnessesOf(verify(layer))).toEqual({ logs: 1, times: ['log', 'timestamp'] });
  });

  test('a timestamp of another authority, beside a good one', () => {
    const signature = Buffer.from(honest.dsseEnvelope.signatures[0]!.sig, 'base64');
    const strange = { signedTimestamp: foreign.stamp(signature) };
    const rfc3161Timestamps = [strange, ...stampsOf(honest), { signedTimestamp: 'AAAA' }];
    const layer = changed(honest, () => ({ timestampVerificationData: { rfc3161Timestamps } }));
    expect(witnessesOf(verify(layer))).toEqual({ logs: 1, times: ['log', 'timestamp'] });
  });

  test('a log entry in an annotation that cannot be read, beside a timestamp', () => {
    const layer = keylessSimpleLayer(acme, { stamped: true });
    const annotations = { ...layer.annotations, 'dev.sigstore.cosign/bundle': '{' };
    expect(witnessesOf(verify({ ...layer, annotations }))).toEqual({ logs: 0, times: ['timestamp'] });
  });

  test('B6, S6: two logs of one operator are one log, those of two operators are two', () => {
    const second = createSigstore();
    const body = JSON.parse(
      Buffer.from(entry!['canonicalizedBody'] as string, 'base64').toString(),
    ) as object;
    const layer = changed(honest, () => ({ tlogEntries: [entry, second.entry(body, signedAt, true)] }));
    const rootOf = (...operators: readonly string[]): object => {
      const tlogs = [...acme.trustedRoot.tlogs, ...second.trustedRoot.tlogs];
      return { ...acme.trustedRoot, tlogs: tlogs.map((log, at) => ({ ...log, operator: operators[at] })) };
    };
    expect(witnessesOf(verify(layer, rootOf('acme', 'acme'))).logs).toBe(1);
    expect(witnessesOf(verify(layer, rootOf('acme', 'partner'))).logs).toBe(2);
  });

  test('B6, S6: entries and timestamps of one operator are one log and one authority', () => {
    const signature = Buffer.from(honest.dsseEnvelope.signatures[0]!.sig, 'base64');
    const later = { signedTimestamp: acme.stamp(signature, signedAt + minute) };
    const twice = acme.entry(
      JSON.parse(Buffer.from(entry!['canonicalizedBody'] as string, 'base64').toString()) as object,
      signedAt + minute,
      true,
    );
    const same = changed(honest, () => ({ tlogEntries: [entry, twice] }));
    expect(outcome(verify(same))).toMatch(/^unreadable: .*twice/);
    const layer = changed(honest, () => ({
      timestampVerificationData: { rfc3161Timestamps: [...stampsOf(honest), later] },
    }));
    const { claims } = verify(layer);
    expect(new Set(claims[0]?.times.map(({ authority }) => authority)).size).toBe(2);
    expect(claims[0]?.times).toHaveLength(3);
  });
});

describe('what a log or an authority has to prove', () => {
  const honest = keylessBundle(acme);
  const entryWith = (change: (entry: Record<string, unknown>) => object): CandidateLayer =>
    changed(honest, ({ tlogEntries: [entry] }) => ({ tlogEntries: [{ ...entry, ...change(entry!) }] }));

  test.each<[string, (entry: Record<string, unknown>) => object, RegExp]>([
    ['another time', () => ({ integratedTime: String(signedAt / 1000 + 1) }), /not proven/],
    ['another index', () => ({ logIndex: '78' }), /not proven/],
    ['no proof in version 0.3', () => ({ inclusionProof: undefined }), /has no proof/],
    [
      'a proof without a checkpoint',
      (entry) => ({ inclusionProof: { ...(entry['inclusionProof'] as object), checkpoint: undefined } }),
      /has no proof/,
    ],
    [
      'a proof of another head than the checkpoint',
      (entry) => ({ inclusionProof: { ...(entry['inclusionProof'] as object), treeSize: '3' } }),
      /not proven/,
    ],
    [
      'a proof of another entry',
      (entry) => ({ inclusionProof: { ...(entry['inclusionProof'] as object), hashes: [] } }),
      /not proven/,
    ],
    [
      'a log that the root does not name',
      () => ({ logId: { keyId: Buffer.alloc(32).toString('base64') } }),
      /does not name/,
    ],
    [
      'a kind that its body does not have',
      () => ({ kindVersion: { kind: 'dsse', version: '0.0.2' } }),
      /another kind/,
    ],
  ])('%s', (_what, change, why) => {
    expect(outcome(verify(entryWith(change)))).toMatch(why);
  });

  test('a promise alone counts in version 0.1, and no more in 0.3', () => {
    const version1 = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
    const bare = keylessBundle(acme);
    const { tlogEntries } = bare.verificationMaterial as unknown as Material;
    const verificationMaterial = {
      ...bare.verificationMaterial,
      tlogEntries: [{ ...tlogEntries[0], inclusionProof: undefined }],
    };
    const as = (mediaType: string): CandidateLayer =>
      bundleLayer({ ...bare, mediaType, verificationMaterial }, mediaType);
    expect(outcome(verify(as(version1)))).toBe('believed');
    expect(outcome(verify(as(bundleMediaType)))).toMatch(/has no proof/);
  });

  test('a log counts while it is in use: one that signs no time by the timestamps', () => {
    const root = structuredClone(acme.trustedRoot);
    root.tlogs[0]!.publicKey.validFor.end = new Date(signedAt - day).toISOString();
    expect(outcome(verify(bundleLayer(keylessBundle(acme)), root))).toMatch(/not proven/);
    const undated = bundleLayer(keylessBundle(acme, { log: 'rekor2', stamped: true }));
    expect(witnessesOf(verify(undated, root))).toEqual({ logs: 0, times: ['timestamp'] });
  });

  test('an entry that nobody dates says until when its log is in use', () => {
    const root = structuredClone(acme.trustedRoot);
    for (const { publicKey } of root.tlogs) publicKey.validFor.end = new Date(now + day).toISOString();
    const plain = {
      ...acme.snapshot('plain'),
      kind: 'x509',
      roots: [acme.intermediateDer, acme.rootDer].map(certificatePem).join(''),
    } as const;
    const logsOf = (options: KeylessOptions): unknown =>
      verifyCandidate(
        verification([bundleLayer(keylessBundle(acme, options))], {
          trustRoots: [acme.snapshot('acme', root), plain],
          now,
        }),
      ).claims.find(({ signer }) => signer.kind === 'certificate' && signer.trustRoot === 'plain')?.logs;
    const log = { trustRoot: 'acme', log: expect.any(String) as string };
    expect(logsOf({ log: 'rekor2' })).toEqual([{ ...log, until: now + day }]);
    expect(logsOf({ log: 'rekor2', stamped: true })).toEqual([log]);
    expect(logsOf({ log: 'rekor1' })).toEqual([log]);
  });

  test('B9: more log entries or timestamps than are read', () => {
    const { tlogEntries } = honest.verificationMaterial as unknown as Material;
    const many = changed(honest, () => ({ tlogEntries: Array.from({ length: 9 }, () => tlogEntries[0]) }));
    expect(outcome(verify(many))).toMatch(/^limit: .*8 log entries/);
    const stamps = Array.from({ length: 5 }, () => ({ signedTimestamp: 'AAAA' }));
    const stamped = changed(honest, () => ({ timestampVerificationData: { rfc3161Timestamps: stamps } }));
    expect(outcome(verify(stamped))).toMatch(/^limit: .*4 timestamps/);
  });

  test('F1: a signer of a checkpoint is a text, never a pattern: the bundle that hung a library', () => {
    const evil = `${'(a*)*'.repeat(40)}b`;
    const layer = entryWith((entry) => {
      const proof = entry['inclusionProof'] as { checkpoint: { envelope: string } };
      const envelope = proof.checkpoint.envelope.replace('\u2014 rekor.example.com', `\u2014 ${evil}`);
      return { inclusionProof: { ...proof, checkpoint: { envelope } } };
    });
    const any = entryWith((entry) => {
      const proof = entry['inclusionProof'] as { checkpoint: { envelope: string } };
      const envelope = proof.checkpoint.envelope.replace('\u2014 rekor.example.com', '\u2014 .*');
      return { inclusionProof: { ...proof, checkpoint: { envelope } } };
    });
    const begun = performance.now();
    expect(outcome(verify(layer))).toMatch(/not proven/);
    expect(outcome(verify(any))).toMatch(/not proven/);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
