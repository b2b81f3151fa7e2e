/** Images with package lists beside them in a registry over real HTTP, and how they are gathered. */
import { signedBy as signedByKey } from './claim-evidence.ts';
import {
  createGatherSignedLists,
  type FoundSignedLists,
} from '../../../src/evidence/vulnerability/signed-lists.ts';
import type { AttestationClaim } from '../../../src/core/facts/claim.ts';
import type { AttestationNeed } from '../../../src/core/facts/claim-need.ts';
import { createFakeContentStore, createFakeKeychain } from './evidence-sources.ts';
import { reference } from './evidence-harness.ts';
import { artifact, blob, image, type FakeManifest } from '../registry/registry-content.ts';
import { openReading, type Reading } from '../registry/registry-reading.ts';
import { startFakeRegistry, type FakeRegistry } from '../registry/registry.ts';
import { buildkitAttestations, candidateOf } from '../signature/signed-candidates.ts';
import {
  bundleLayer,
  dsseBundle,
  dsseLayer,
  ecKey,
  statement,
  type SigningKey,
} from '../signature/signed-layers.ts';
import {
  vulnerabilityKind,
  vulnerabilityNeed,
} from '../../../src/core/facts/vulnerability/vulnerability-kind.ts';
import { absent, known, type Fact } from '../../../src/core/facts/fact.ts';
import type { Digest } from '../../../src/core/image/digest.ts';
import { createEvidence } from '../../../src/evidence/gather.ts';
import type { EvidenceLimits } from '../../../src/evidence/limits.ts';
import type { EvidenceProvider, ProviderParts } from '../../../src/evidence/provider.ts';
import { verifyCandidate } from '../../../src/evidence/verify/verify-candidate.ts';
import type { CandidateVerifier, Verification } from '../../../src/evidence/verify/verification.ts';
import {
  createGatherPackageLists,
  type AttachedLists,
} from '../../../src/evidence/vulnerability/attached-lists.ts';

const repository = 'shop/web';
export const platformed = (architecture: string): FakeManifest =>
  image({ user: architecture, platform: { os: 'linux', architecture } });
export const web = platformed('amd64');
export const arm64 = platformed('arm64');
export const key = ecKey();
export const spdxType = 'https://spdx.dev/Document';
export const cdxType = 'https://cyclonedx.org/bom';
export const slsa = 'https://slsa.dev/provenance/v1';
export const cdxMedia = 'application/vnd.cyclonedx+json';
export const spdxMedia = 'application/spdx+json';

export const cdx = (...names: readonly string[]) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  components: names.map((name) => ({ type: 'library', name, version: '1', purl: `pkg:npm/${name}@1` })),
});
export const spdx = (...names: readonly string[]) => ({
  spdxVersion: 'SPDX-2.3',
  packages: names.map((name) => ({
    name,
    externalRefs: [{ referenceType: 'purl', referenceLocator: `pkg:npm/${name}@1` }],
  })),
});

/** An SBOM that refers to an image. @param layerType as the client calls its layer */
export const attached = (
  about: FakeManifest,
  document: unknown,
  artifactType = cdxMedia,
  layerType = artifactType,
) =>
  artifact({
    subject: about.descriptor,
    artifactType,
    layers: [blob(typeof document === 'string' ? document : JSON.stringify(document), layerType)],
  });
export const predicate = (about: FakeManifest, document: unknown, predicateType = cdxType) =>
  statement({ digest: about.digest, predicateType, predicate: document });
/** cosign 3: a bundle that refers to the image. */
export const bundled = (
  about: FakeManifest,
  document: unknown,
  predicateType = cdxType,
  signer: SigningKey = key,
) =>
  candidateOf([bundleLayer(dsseBundle([signer.sign], predicate(about, document, predicateType)))], {
    subject: about,
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  });
/** cosign 2: to be pushed under the tag `.att`. */
export const enveloped = (about: FakeManifest, document: unknown) =>
  candidateOf([dsseLayer([key.sign], predicate(about, document))]);
export const built = (about: FakeManifest, document: unknown = spdx('built')) =>
  buildkitAttestations(about, { [slsa]: {}, [spdxType]: document });

export interface Stage {
  readonly registry: FakeRegistry;
  readonly verified: readonly Verification[];
  push(...manifests: readonly (FakeManifest | readonly [FakeManifest, string])[]): void;
  ask(
    named: FakeManifest,
    images?: readonly FakeManifest[],
  ): Promise<Fact<ReadonlyMap<Digest, AttachedLists>>>;
  advance(milliseconds: number): void;
  close(): Promise<void>;
}

const mapped = (fact: Fact<FoundSignedLists>): Fact<ReadonlyMap<Digest, AttachedLists>> =>
  fact.state === 'known' ? known(fact.value.lists) : fact;

/** Lists that this key signed. */
export const signedBy = (spki: string): AttestationNeed => ({
  keys: [spki],
  trustRoots: [],
  locations: ['image'],
  platforms: 'all',
  named: false,
  demands: [signedByKey<AttestationClaim>(spki)],
  predicateTypes: [cdxType, spdxType],
  expressions: [],
});

/** @param signed - absent: lists that nobody need have signed */
export const openStage = async (
  limits: Partial<EvidenceLimits> = {},
  verifier: CandidateVerifier = { verify: (one) => Promise.resolve(verifyCandidate(one)) },
  signed?: AttestationNeed,
): Promise<Stage> => {
  const registry = await startFakeRegistry();
  registry.serveReferrers(true);
  const reading: Reading = openReading();
  const verified: Verification[] = [];
  let wanted: readonly Digest[] = [];
  const found = new Map<Digest, Fact<ReadonlyMap<Digest, AttachedLists>>>();
  let passed = 0;
  const provider = (parts: ProviderParts): EvidenceProvider<'vulnerability'> => {
    const counting: CandidateVerifier = {
      verify: (one, ...rest) => {
        verified.push(one);
        return verifier.verify(one, ...rest);
      },
    };
    const gather = createGatherPackageLists(counting, parts);
    const gatherSigned = createGatherSignedLists(
      { verifier: counting, trustRoots: { get: () => absent } },
      parts,
    );
    return {
      kind: vulnerabilityKind,
      gather: async (resolved, { wanted: { lists } }, budget, offersFor) => {
        const { signed: need } = lists;
        const about = { resolved, images: wanted };
        const gathered =
          need === undefined
            ? await gather(about, budget)
            : mapped(await gatherSigned({ ...about, need, offersFor }, budget));
        found.set(resolved.image.digest, gathered);
        return { fact: absent, keepFor: 0, bytes: 0 };
      },
    };
  };
  const evidence = createEvidence({
    registry: reading.registry,
    keychain: createFakeKeychain(),
    content: createFakeContentStore(),
    clock: { now: () => Date.now() + passed, monotonic: () => performance.now() + passed },
    limits,
    providers: [provider],
  });
  const needs = {
    vulnerability: vulnerabilityNeed({
      platforms: 'all',
      lists: { catalog: false, unsigned: true, ...(signed !== undefined && { signed }) },
    }),
  };
  return {
    registry,
    verified,
    push: (...manifests) => {
      for (const one of manifests)
        if ('digest' in one) registry.push(repository, one);
        else registry.push(repository, ...one);
    },
    ask: async (named, images = [named]) => {
      wanted = images.map(({ digest }) => digest);
      found.delete(named.digest);
      const text = `${registry.host}/${repository}@${named.digest}`;
      const context = { namespace: 'shop', pullSecrets: [] };
      await evidence.gather([{ image: reference(text), needs }], context, AbortSignal.timeout(5000));
      const answer = found.get(named.digest);
      if (answer === undefined) throw new Error('nobody gathered');
      return answer;
    },
    advance: (milliseconds) => {
      passed += milliseconds;
      reading.advance(milliseconds);
    },
    close: async () => {
      await reading.close();
      await registry.close();
    },
  };
};

export const listsOf = (
  fact: Fact<ReadonlyMap<Digest, AttachedLists>>,
  about: FakeManifest,
): AttachedLists => {
  const lists = fact.state === 'known' ? fact.value.get(about.digest) : undefined;
  if (lists === undefined) throw new Error(`not known: ${JSON.stringify(fact)}`);
  return lists;
};
export const namesIn = ({ lists }: AttachedLists): readonly string[] =>
  lists.flatMap(({ list }) => list.packages.map(({ name }) => name)).sort();
export const whys = ({ unreadable }: AttachedLists) => unreadable.map(({ why }) => why);
