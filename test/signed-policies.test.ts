import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decide, type Verdict } from '../src/core/decision/decide.ts';
import type { AttestationClaim, Claim, SignatureClaim } from '../src/core/facts/claim.ts';
import { known } from '../src/core/facts/fact.ts';
import type { ImageEvidence } from '../src/core/facts/image-evidence.ts';
import { compilePolicySet } from '../src/core/policy-set/compile.ts';
import type { CompiledPolicy } from '../src/core/policy-set/compiled-policy.ts';
import { selectPolicies } from '../src/core/policy-set/select.ts';
import { readPolicyFile } from '../src/core/trust-root/policy-file.ts';
import { verifyCandidate } from '../src/evidence/verify/verify-candidate.ts';
import type { CandidateLayer, Verification } from '../src/evidence/verify/verification.ts';
import { createExpressionEngine } from '../src/serve/expressions.ts';
import { claimFacts } from './fakes/claims.ts';
import { imageDigest } from './fakes/image-facts.ts';
import { ecPair, extension, name } from './fakes/signature/certificate-authority.ts';
import { utf8 } from './fakes/signature/der-writer.ts';
import { keylessBundle } from './fakes/signature/keyless.ts';
import {
  bundleLayer,
  dsseLayer,
  ecKey,
  simplePayload,
  simpleSigningLayer,
  statement,
  verification,
} from './fakes/signature/signed-layers.ts';
import { createSigstore, issuerUrl, keyPem, now } from './fakes/signature/sigstore-instance.ts';
import { blocks, read } from './markdown.ts';

/** The policies of the examples, signed for by keys of the test in place of the keys in them. */
const engine = createExpressionEngine();
const key = ecKey();
const pem = keyPem(Buffer.from(key.spki, 'base64')).trim();
const withOurKey = (text: string): string =>
  text.replaceAll(/( *)-----BEGIN PUBLIC KEY-----[^]*?-----END PUBLIC KEY-----/g, (_all, indent: string) =>
    pem.replaceAll(/^/gm, indent),
  );
const policiesOf = (texts: readonly string[], from: string) => {
  const policies = texts.flatMap((text) => {
    const file = readPolicyFile(withOurKey(text), from, engine.compile);
    if (!file.ok) throw new Error(JSON.stringify(file.error));
    return file.value.policies.map(({ policy }) => policy);
  });
  return (policyName: string) => {
    const policy = policies.find(({ metadata }) => metadata.name === policyName);
    if (policy === undefined) throw new Error(`${from} has no policy ${policyName}`);
    return compilePolicySet([policy], 'sha256:test');
  };
};
const folder = join(import.meta.dirname, '..', 'examples', 'policies', 'signed');
const examples = policiesOf(
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => readFileSync(join(folder, file), 'utf8')),
  'examples/policies/signed',
);
const pages = policiesOf(
  ['docs/policy.md', 'docs/attestations.md'].flatMap((page) =>
    blocks(read(page), 'yaml').filter((text) => text.includes('- attestation:')),
  ),
  'docs',
);

const sigstore = createSigstore();
const stranger = ecKey();

/** What is found when these layers stand beside the image: verified for real, with the expressions of the policy. */
const evidenceOf = (policy: CompiledPolicy, repository: string, layer: CandidateLayer): ImageEvidence => {
  const { signature, attestation } = policy.needs;
  const verified = (says: Verification['says'], expressions: Verification['expressions']) =>
    verifyCandidate(
      verification([layer], {
        says,
        subject: { digest: imageDigest },
        keys: [key.spki],
        trustRoots: [sigstore.snapshot('sigstore')],
        expressions,
        now,
      }),
      engine,
    );
  const placed = { candidate: imageDigest, sources: ['referrers'] as const, location: repository };
  const found = <C extends Claim>(result: ReturnType<typeof verifyCandidate>) =>
    claimFacts<C>(
      {
        claims: result.claims.map((claim) => ({ ...claim, ...placed }) as Claim as C),
        rejected: result.rejected.map((rejection) => ({ ...rejection, ...placed })),
      },
      { repository },
    );
  return {
    pinned: known(imageDigest),
    facts: {
      ...(signature && { signature: known(found<SignatureClaim>(verified('signed', []))) }),
      ...(attestation && {
        attestation: known(found<AttestationClaim>(verified('attested', attestation.wanted.expressions))),
      }),
    },
    tried: [],
  };
};

const judge = (
  policySetOf: typeof examples,
  repository: string,
  policyName: string,
  layer: CandidateLayer,
): Verdict => {
  const given = `${repository}:1@${imageDigest}`;
  const set = policySetOf(policyName);
  const matched = selectPolicies(set.forNamespace('shop'), {
    namespace: 'shop',
    namespaceLabels: known({}),
    objectLabels: [{}],
  });
  const policy = set.policies[0]!;
  const use = { path: 'spec.containers[0].image', given, place: 'spec.containers/app' };
  const subject = {
    use,
    fresh: true,
    image: set.images.read(given),
    evidence: evidenceOf(policy, repository, layer),
  };
  return decide([subject], matched, undefined, { pod: true, now, namespaceLabels: known({}) });
};
const codes = ({ findings }: Verdict): readonly string[] => findings.map(({ code }) => code);

const v1 = 'https://slsa.dev/provenance/v1';
const v02 = 'https://slsa.dev/provenance/v0.2';
const attested = (predicateType: string, predicate: object, by = key) =>
  dsseLayer([by.sign], statement({ digest: imageDigest, predicateType, predicate }));

const source = (number: number, text: string): Buffer =>
  extension(`1.3.6.1.4.1.57264.1.${number}`, utf8(text));
const byWorkflow = (
  subject: string,
  more: readonly Buffer[],
  payload = statement({ digest: imageDigest }),
): CandidateLayer => {
  const leaf = { names: [name.uri(subject)], issuer: issuerUrl, more };
  return bundleLayer(keylessBundle(sigstore, { key: ecPair(), leaf, payload }));
};

describe('examples/policies/signed', () => {
  const payload = simplePayload(imageDigest);
  test.each([
    ['a signature by the key', simpleSigningLayer(key.sign, payload), []],
    ['one by another key', simpleSigningLayer(stranger.sign, payload), ['signature-untrusted']],
    ['one of another image', simpleSigningLayer(key.sign), ['signature-mismatch']],
  ])('key.yaml: %s', (_what, layer, want) =>
    expect(codes(judge(examples, 'registry.example.com/shop/web', 'signed-with-a-key', layer))).toEqual(want),
  );

  // The instance writes https://github.com/acme/web as source repository.
  const hosted = source(11, 'github-hosted');
  test.each([
    [
      'the release workflow',
      'https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1',
      [hosted],
      [],
    ],
    [
      'another workflow',
      'https://github.com/acme/web/.github/workflows/test.yml@refs/tags/v1',
      [hosted],
      ['signature-untrusted'],
    ],
    [
      'a branch',
      'https://github.com/acme/web/.github/workflows/release.yml@refs/heads/main',
      [hosted],
      ['signature-untrusted'],
    ],
    [
      'a runner of its own',
      'https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1',
      [source(11, 'self-hosted')],
      ['signature-untrusted'],
    ],
  ])('keyless.yaml: %s', (_what, subject, more, want) =>
    expect(
      codes(judge(examples, 'ghcr.io/acme/web', 'signed-by-a-workflow', byWorkflow(subject, more))),
    ).toEqual(want),
  );
});

const built = (more: { ref?: string; dependencies?: readonly object[]; builder?: string } = {}) => ({
  buildDefinition: {
    buildType: 'https://ci.example.com/build',
    externalParameters: {
      source: { repository: 'https://git.example.com/payments/api', ref: more.ref ?? 'refs/tags/v1.2.3' },
    },
    resolvedDependencies: more.dependencies ?? [{ uri: 'pkg:npm/a@1', digest: { sha256: 'aa' } }],
  },
  runDetails: { builder: { id: more.builder ?? 'https://ci.example.com/builder' } },
});

describe.each([
  ['examples/policies/signed/attested.yaml', examples, 'attested-by-the-builder'],
  ['docs/attestations.md, SLSA v1', pages, 'built-by-our-builder'],
] as const)('%s', (_where, policySetOf, policyName) => {
  test.each([
    ['what the builder attested', attested(v1, built()), []],
    ['a branch', attested(v1, built({ ref: 'refs/heads/main' })), ['attestation-condition']],
    ['another builder', attested(v1, built({ builder: 'https://laptop' })), ['attestation-condition']],
    [
      'a dependency without its digest: the expression is false',
      attested(v1, built({ dependencies: [{ uri: 'pkg:npm/a@1' }] })),
      ['attestation-condition'],
    ],
    [
      'dependencies that are no list: the expression fails',
      attested(v1, { ...built(), buildDefinition: { ...built().buildDefinition, resolvedDependencies: 1 } }),
      ['attestation-error'],
    ],
    ['the same by somebody else', attested(v1, built(), stranger), ['signature-untrusted']],
    ['a statement of another type', attested(v02, built()), ['attestation-missing']],
  ])('%s', (_what, layer, want) =>
    expect(codes(judge(policySetOf, 'registry.example.com/payments/api', policyName, layer))).toEqual(want),
  );
});

describe('docs/attestations.md, SLSA v0.2', () => {
  const uri = 'git+https://git.example.com/ledger/books@refs/tags/v1';
  const older = (more: object = {}) => ({
    builder: { id: 'https://ci.example.com/builder' },
    invocation: { configSource: { uri } },
    metadata: { completeness: { materials: true } },
    materials: [{ uri }],
    ...more,
  });
  test.each([
    ['what the builder attested', older(), []],
    [
      'material from elsewhere',
      older({ materials: [{ uri }, { uri: 'pkg:npm/a@1' }] }),
      ['attestation-condition'],
    ],
    [
      'another repository',
      older({ invocation: { configSource: { uri: 'git+https://git.example.com/other/x' } } }),
      ['attestation-condition'],
    ],
    ['materials that may be incomplete: nobody can tell', older({ metadata: {} }), ['attestation-error']],
  ])('%s', (_what, predicate, want) =>
    expect(
      codes(
        judge(
          pages,
          'registry.example.com/ledger/books',
          'built-by-an-older-builder',
          attested(v02, predicate),
        ),
      ),
    ).toEqual(want),
  );
});

describe('docs/policy.md, attestation', () => {
  const generator =
    'https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v2.1.0';
  const workflow = (ref: string) =>
    statement({
      digest: imageDigest,
      predicateType: v1,
      predicate: {
        buildDefinition: {
          externalParameters: { workflow: { ref, repository: 'https://github.com/acme/web' } },
        },
        runDetails: { builder: { id: generator } },
      },
    });
  const owner = (who: string) => [source(16, `https://github.com/${who}`)];
  test.each([
    ['a build of the own organisation, from a tag', owner('acme'), 'refs/tags/v1', []],
    ['S7: the same generator, called from elsewhere', owner('evil'), 'refs/tags/v1', ['signature-untrusted']],
    ['a branch', owner('acme'), 'refs/heads/main', ['attestation-condition']],
  ])('%s', (_what, more, ref, want) =>
    expect(
      codes(judge(pages, 'ghcr.io/acme/web', 'built-from-tags', byWorkflow(generator, more, workflow(ref)))),
    ).toEqual(want),
  );
});
