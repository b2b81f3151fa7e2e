import { sign } from 'node:crypto';
import { parse } from 'yaml';
import { pemOf } from './verify-stage.ts';
import type { FakeManifest } from '../fakes/registry/registry-content.ts';
import {
  certificate,
  codeSigning,
  commonName,
  distinguishedName,
  ecPair,
  extension,
  extensions,
  name,
} from '../fakes/signature/certificate-authority.ts';
import { utf8 } from '../fakes/signature/der-writer.ts';
import { keylessBundle, type KeylessOptions } from '../fakes/signature/keyless.ts';
import { candidateOf, simpleSignature, tagFor } from '../fakes/signature/signed-candidates.ts';
import {
  bundleLayer,
  bundleMediaType,
  dsseBundle,
  ecKey,
  keyMaterial,
  statement,
} from '../fakes/signature/signed-layers.ts';
import { certificatePem, createSigstore, day, minute } from '../fakes/signature/sigstore-instance.ts';
import { blocks, read } from '../markdown.ts';

/** The policies and trust roots of these pages are one folder, over one registry. */
export const documents = [
  ...['docs/signers.md', 'docs/attestations.md'].flatMap((page) => blocks(read(page), 'yaml')),
  ...blocks(read('docs/policy.md'), 'yaml').filter((text) => text.includes('- signature:')),
];

export const now = Date.now();
const recently = now - 30 * minute;
/** When the key of the pipeline was stolen, says the page. */
export const theft = Date.parse('2026-06-01T09:00:00Z');
export const valid = { begin: Math.min(theft, now) - 100 * day, end: now + 100 * day };
export const [publicGood, acme, github] = [
  createSigstore(valid),
  createSigstore(valid),
  createSigstore(valid),
];
const partner = ecPair();
const byPartner = (
  subject: Buffer,
  spki: Buffer,
  more: readonly Buffer[],
  { begin: from, end: until } = valid,
): Buffer =>
  certificate({ subject, issuer: commonName('partner'), spki, from, until, extensions: more }, partner);
const partnerRoot = byPartner(commonName('partner'), partner.spki, [extensions.ca(), extensions.mayIssue]);

/** Whose keys the pages show, by their PEM: each is replaced by one of the test. */
const keys = new Map<string, ReturnType<typeof ecKey>>();
const ours = (pem: string) => {
  const key = keys.get(pem.trim()) ?? ecKey();
  keys.set(pem.trim(), key);
  return key;
};
export interface Policy {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly match: { readonly images: readonly string[] };
    readonly checks: readonly Readonly<Record<string, { readonly authorities: readonly Authority[] }>>[];
  };
}
interface Authority {
  readonly name: string;
  readonly key?: { readonly pem: string };
}
export const policies = documents.map((text) => parse(text) as Policy).filter(({ spec }) => 'checks' in spec);
/** A repository that the policy is about. */
export const repositoryOf = (policy: string, last: string): string => {
  const found = policies.find(({ metadata }) => metadata.name === policy);
  return found!.spec.match.images[0]!.replace('registry.example.com/', '').replace('**', last);
};
export const keyOf = (policy: string, authority: string) => {
  const found = policies
    .filter(({ metadata }) => metadata.name === policy)
    .flatMap(({ spec }) => spec.checks.flatMap((check) => Object.values(check)))
    .flatMap(({ authorities }) => authorities)
    .find((one) => one.name === authority);
  if (found?.key === undefined) throw new Error(`${policy} has no key of ${authority}`);
  return ours(found.key.pem);
};

/** The same text with keys, CAs, logs and registry of the test. */
export const replaced = (text: string, host: string): string => {
  const replace = (field: string, value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    if (field === 'pem') return pemOf(ours(value));
    if (field === 'roots') return certificatePem(partnerRoot);
    if (field === 'trustedRoot' && value.startsWith('{')) return JSON.stringify(acme.trustedRoot);
    return value.replace('registry.example.com', host);
  };
  return JSON.stringify(parse(text), replace);
};

/** What stands beside an image, and its tag. */
export type Beside = (web: FakeManifest) => readonly [FakeManifest, string?];
const bundled =
  (make: (web: FakeManifest) => object): Beside =>
  (web) => [candidateOf([bundleLayer(make(web))], { subject: web, artifactType: bundleMediaType })];

export const byKey =
  (policy: string, authority: string): Beside =>
  (web) => [simpleSignature(web, keyOf(policy, authority).sign), tagFor(web, 'sig')];
export const byNobody: Beside = (web) => [simpleSignature(web, ecKey().sign), tagFor(web, 'sig')];

interface Attested {
  readonly predicateType?: string;
  readonly predicate?: unknown;
  /** When a timestamp authority dated it. */
  readonly at?: number;
  readonly stampedBy?: typeof acme;
}
export const bundleByKey = (
  policy: string,
  authority: string,
  { at, stampedBy = acme, ...fields }: Attested = {},
) =>
  bundled((web) => {
    const payload = statement({ digest: web.digest, ...fields });
    const made = dsseBundle([keyOf(policy, authority).sign], payload);
    const signature = Buffer.from(made.dsseEnvelope.signatures[0]!.sig, 'base64');
    const rfc3161Timestamps = at === undefined ? [] : [{ signedTimestamp: stampedBy.stamp(signature, at) }];
    return {
      ...made,
      verificationMaterial: { ...keyMaterial, timestampVerificationData: { rfc3161Timestamps } },
    };
  });

export const byIdentity = (
  instance: typeof acme,
  issuer: string,
  subject: Buffer,
  {
    more = [],
    attested,
    ...options
  }: KeylessOptions & { more?: readonly Buffer[]; attested?: Attested } = {},
): Beside =>
  bundled((web) => {
    const leaf = { issuer, names: [subject], more, from: recently - minute, until: recently + 9 * minute };
    return keylessBundle(instance, {
      at: recently,
      leaf: { ...leaf, sct: { at: recently } },
      payload: statement({ digest: web.digest, ...attested }),
      ...options,
    });
  });

export const byCertificate = (subject: Buffer, names: Buffer, period = valid): Beside =>
  bundled((web) => {
    const key = ecPair();
    const leaf = byPartner(
      subject,
      key.spki,
      [extensions.maySign, extensions.purposes([codeSigning]), extensions.names(names)],
      period,
    );
    const payload = statement({ digest: web.digest });
    return dsseBundle([(message) => sign('sha256', message, key.privateKey)], payload, {
      x509CertificateChain: { certificates: [{ rawBytes: leaf.toString('base64') }] },
      tlogEntries: [],
    });
  });

export const actions = 'https://token.actions.githubusercontent.com';
export const workflow = (path: string): Buffer =>
  name.uri(`https://github.com/acme/web/.github/workflows/${path}`);
export const pipeline = (path: string): Buffer => name.uri(`https://gitlab.com/${path}@refs/tags/v1`);
export const owner = (who: string): Buffer =>
  extension('1.3.6.1.4.1.57264.1.16', utf8(`https://github.com/${who}`));
const provenance = (ref: string): Attested => ({
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      externalParameters: { workflow: { ref, repository: 'https://github.com/acme/web' } },
    },
    runDetails: { builder: { id: 'https://github.com/actions/runner' } },
  },
});
export const attestedByGithub = (who: string, ref: string, instance = github): Beside =>
  byIdentity(instance, actions, workflow('build.yml@refs/tags/v1'), {
    more: [owner(who)],
    attested: provenance(ref),
    log: 'none',
    stamped: true,
  });
export const partnerName = (commonName: string): Buffer =>
  distinguishedName(['2.5.4.6', 'DE'], ['2.5.4.10', 'Partner Inc'], ['2.5.4.3', commonName]);
export const reviewType = 'https://acme.example/review/v1';
export const review = (policy: string, age: number, result: string, open: readonly object[] = []): Beside =>
  bundleByKey(policy, 'reviewer', {
    predicateType: reviewType,
    predicate: { result, open },
    ...(policy === 'reviewed' && { at: now - age * day }),
  });
