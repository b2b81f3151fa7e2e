import type { Fact } from '../../core/facts/fact.ts';
import type { FactOf, KindId } from '../../core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';

/** Of one set of facts: namespaces that read with logins of their own have texts of their own. */
const maxAlike = 8;

const sameTexts = (some: readonly string[] = [], others: readonly string[] = []): boolean =>
  some.length === others.length && some.every((text, at) => text === others[at]);

/** R25: what an outage left, and whether that is excusable, is said of one answer alone. */
const isOfOutage = ({ staleFor, excusable }: ImageEvidence): boolean =>
  staleFor !== undefined || excusable !== undefined;

/** Whether both hold the same facts, as objects, and say the same of them. */
const isEqual = (one: ImageEvidence, other: ImageEvidence): boolean => {
  if (one.pinned.state !== 'known' || other.pinned.state !== 'known') return false;
  if (one.pinned.value !== other.pinned.value || isOfOutage(one) || isOfOutage(other)) return false;
  const kinds = Object.keys({ ...one.facts, ...other.facts }) as readonly KindId[];
  return (
    kinds.every((id) => one.facts[id] === other.facts[id]) &&
    sameTexts(one.tried, other.tried) &&
    sameTexts(one.claims, other.claims)
  );
};

/**
 * Facts stand while answers to contexts end every few seconds, so the same evidence is put together again and again. What is
 * made of it, such as its lines in the record, is made once for one object: of equal evidence the first one is handed out.
 */
export const createEqualEvidence = (): ((evidence: ImageEvidence) => ImageEvidence) => {
  const known = new WeakMap<Fact<FactOf<KindId>>, readonly ImageEvidence[]>();
  return (evidence) => {
    const [fact] = Object.values(evidence.facts) as readonly (Fact<FactOf<KindId>> | undefined)[];
    if (fact === undefined) return evidence;
    const alike = known.get(fact) ?? [];
    const before = alike.find((one) => isEqual(one, evidence));
    if (before !== undefined) return before;
    known.set(fact, [evidence, ...alike.slice(0, maxAlike - 1)]);
    return evidence;
  };
};
