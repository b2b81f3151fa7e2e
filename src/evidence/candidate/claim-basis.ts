import type { Claim, ClaimFacts } from '../../core/facts/claim.ts';
import type { AttestationNeed } from '../../core/facts/claim-need.ts';
import type { Fact, Unavailable } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import { shown } from '../../core/text/shown-text.ts';
import { digestOf } from '../content-digest.ts';
import type { TrustRoots, TrustRootSnapshot } from '../trust/trust-root.ts';
import type { ClaimBasis } from './judge-candidate.ts';

/** Trust roots as they are at one moment, and why others are not there. */
export interface RootsInForce {
  readonly snapshots: readonly TrustRootSnapshot[];
  readonly missing: Readonly<Record<string, Unavailable>>;
  readonly ids: Readonly<Record<string, Digest>>;
}

const whyMissing = (name: string, root: Fact<TrustRootSnapshot>): readonly Unavailable[] => {
  if (root.state === 'known') return [];
  if (root.state === 'unavailable') return [root.why];
  return [{ what: shown(`trust root ${name}`), why: 'there is no TrustRoot of this name' }];
};

export const rootsOf = (roots: TrustRoots, names: readonly string[]): RootsInForce => {
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

/**
 * Whether claims rest on the roots that are in force now. Attack: a CA is found to be in wrong hands, the operator takes it
 * out of the root, and what it signed goes on getting in by an answer that was kept.
 */
export const restOnRootsInForce = (
  roots: TrustRoots,
  { trustSnapshots, missingRoots }: Pick<ClaimFacts<Claim>, 'trustSnapshots' | 'missingRoots'>,
): boolean => {
  // For each image of each review: lists of names would cost more than to compare them.
  for (const name in trustSnapshots) {
    const root = roots.get(name);
    if (root.state !== 'known' || root.value.id !== trustSnapshots[name]) return false;
  }
  for (const name in missingRoots) if (roots.get(name).state === 'known') return false;
  return true;
};

/** Lists in another order are the same: what is asked for is put together from several policies. */
const sorted = (values: readonly unknown[]): readonly string[] =>
  values.map((value) => JSON.stringify(value)).sort();

export const basisOf = (
  says: ClaimBasis['says'],
  keys: readonly string[],
  { snapshots, ids }: RootsInForce,
  expressions: AttestationNeed['expressions'],
): ClaimBasis => {
  const parts = [says, sorted(keys), sorted(Object.entries(ids)), sorted(expressions)];
  const key = digestOf(Buffer.from(JSON.stringify(parts)), 'sha256');
  return { says, keys, trustRoots: snapshots, expressions, key };
};

/** A few needs of the policies of one cluster. Each keeps the texts of its trust roots in memory. */
const maxBases = 16;

/** The basis of a need, made once as long as its trust roots stay the same: a crowd of reviews asks the same. */
export const createBases = () => {
  const kept = createLruCache<ClaimBasis>({ entries: maxBases });
  const isBy = ({ trustRoots }: ClaimBasis, { snapshots }: RootsInForce): boolean =>
    trustRoots.length === snapshots.length && trustRoots.every((root, at) => root === snapshots[at]);
  return (needKey: string, roots: RootsInForce, make: () => ClaimBasis): ClaimBasis => {
    const before = kept.get(needKey);
    if (before !== undefined && isBy(before, roots)) return before;
    const basis = make();
    kept.set(needKey, basis);
    return basis;
  };
};
