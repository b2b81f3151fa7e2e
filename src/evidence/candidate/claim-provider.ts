import type { CandidateSource, Claim, ClaimFacts } from '../../core/facts/claim.ts';
import type { AttestationNeed, ClaimNeed } from '../../core/facts/claim-need.ts';
import { known, type Fact, type Unavailable } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { readManifestDocument } from '../../core/oci/manifest-document.ts';
import { shown } from '../../core/text/shown-text.ts';
import { accountKey, repositoryKey } from '../cache/access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryAnswer } from '../ports.ts';
import type { Gathered, ProviderParts } from '../provider.ts';
import { readPlaceOf, readContent } from '../read-content.ts';
import type { ResolvedImage } from '../resolve/attempts.ts';
import type { Reading } from '../resolve/read-budget.ts';
import { claimLines } from '../../core/facts/claim-text.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import type { TrustRoots, TrustRootSnapshot } from '../trust/trust-root.ts';
import type { CandidateVerifier } from '../verify/verification.ts';
import type { Preference } from './candidate.ts';
import { gatherClaims } from './gather-claims.ts';
import type { CandidateBounds } from './read-candidate.ts';

/** What verifies candidates, and whom it believes. */
export interface ClaimSources {
  readonly verifier: CandidateVerifier;
  readonly trustRoots: TrustRoots;
}

/** One of the two kinds of evidence that candidates give. */
export interface ClaimKind<C extends Claim, N extends ClaimNeed<C>> {
  readonly id: string;
  keyOf(need: N): string;
  readonly says: C['says'];
  readonly isClaim: (claim: Claim) => claim is C;
  /** Its own tag; referrers hold both kinds. */
  readonly tag: CandidateSource;
  bounds(limits: EvidenceLimits): CandidateBounds;
  predicateTypes(need: N): Preference['predicateTypes'];
  expressions(need: N): AttestationNeed['expressions'];
}

interface RootsInForce {
  readonly snapshots: readonly TrustRootSnapshot[];
  readonly missing: Readonly<Record<string, Unavailable>>;
  readonly ids: Readonly<Record<string, Digest>>;
}

const whyMissing = (name: string, root: Fact<TrustRootSnapshot>): readonly Unavailable[] => {
  if (root.state === 'known') return [];
  if (root.state === 'unavailable') return [root.why];
  return [{ what: shown(`trust root ${name}`), why: 'there is no TrustRoot of this name' }];
};

const rootsOf = (roots: TrustRoots, names: readonly string[]): RootsInForce => {
  const found = names.map((name) => [name, roots.get(name)] as const);
  const snapshots = found.flatMap(([, root]) => (root.state === 'known' ? [root.value] : []));
  return {
    snapshots,
    missing: Object.fromEntries(
      found.flatMap(([name, root]) => whyMissing(name, root).map((why) => [name, why] as const)),
    ),
    ids: Object.fromEntries(snapshots.map(({ name, id }) => [name, id] as const)),
  };
};

interface ClaimQuestion<N> {
  readonly resolved: ResolvedImage;
  readonly need: N;
  readonly roots: RootsInForce;
}

const readClaims = async <C extends Claim, N extends ClaimNeed<C>>(
  settings: ClaimKind<C, N>,
  { parts, verifier }: { readonly parts: ProviderParts } & Pick<ClaimSources, 'verifier'>,
  { resolved, need, roots }: ClaimQuestion<N>,
  reading: Reading,
): Promise<RegistryAnswer<ClaimFacts<C>>> => {
  const { says, isClaim, tag } = settings;
  const { demands, keys } = need;
  const place = readPlaceOf(resolved);
  const { digest } = resolved.image;
  const manifest =
    resolved.bytes === undefined
      ? await readContent(parts, place, { stage: 'manifest', digest }, reading)
      : known(resolved.bytes);
  if (manifest.state !== 'known') return manifest;
  const document = readManifestDocument(manifest.value);
  const named = await gatherClaims<C>({
    says,
    isClaim,
    parts,
    verifier,
    bounds: settings.bounds(parts.limits),
    place,
    subject: { digest, manifest: manifest.value },
    keys,
    trustRoots: roots.snapshots,
    expressions: settings.expressions(need),
    reading,
    sources: [tag, 'referrers', 'referrers-tag'],
    preference: { tag, predicateTypes: settings.predicateTypes(need) },
    demands,
  });
  return known({
    repository: repositoryKey(place.repository),
    digest,
    isIndex: document.ok && document.value.shape === 'index',
    named,
    platforms: [],
    missingRoots: roots.missing,
    trustSnapshots: roots.ids,
  });
};

/**
 * Gathers what candidates say of an image. Kept are claims, never verdicts: age, expiry and revocation are judged anew each
 * time.
 */
export const createGatherClaims =
  <C extends Claim, N extends ClaimNeed<C>>(
    settings: ClaimKind<C, N>,
    { verifier, trustRoots }: ClaimSources,
    parts: ProviderParts,
  ) =>
  async (resolved: ResolvedImage, need: N, reading: Reading): Promise<Gathered<ClaimFacts<C>>> => {
    const { sharedReads, clock, limits } = parts;
    const began = clock.monotonic();
    const { image, credential, outage } = resolved;
    const roots = rootsOf(trustRoots, need.trustRoots);
    const account = accountKey({ repository: image, credential: credential.key });
    const asked = JSON.stringify([settings.keyOf(need), roots.ids, roots.missing]);
    const state = outage === undefined ? 'claims' : 'held claims';
    const key = `${state} ${settings.id} ${image.digest} ${account}\n${asked}`;
    const plan = { key, host: image.host, stage: 'referrers' } as const;
    const answer = await sharedReads.do(plan, reading, (shared) =>
      readClaims(settings, { parts, verifier }, { resolved, need, roots }, shared),
    );
    if (answer.state === 'absent') return { fact: answer, keepFor: 0, bytes: 0 };
    if (answer.state === 'unavailable') {
      const why = unavailableText(answer.why, credential.source, clock.monotonic() - began);
      return { fact: { state: 'unavailable', why }, keepFor: 0, bytes: 0 };
    }
    const facts = answer.value;
    const { claims } = facts.named;
    const about = { now: clock.now(), repository: facts.repository };
    const isMet = need.demands.every((demand) => demand.isMet(claims, about));
    return {
      fact: answer,
      // What is not there yet may be pushed at any moment.
      keepFor: isMet ? limits.accessTime : 0,
      bytes: 2 * JSON.stringify(facts).length,
      claims: claimLines(facts),
    };
  };
