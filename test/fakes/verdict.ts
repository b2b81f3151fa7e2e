import { decide, type Situation, type Verdict } from '../../src/core/decision/decide.ts';
import type { Unmatched } from '../../src/core/decision/unmatched.ts';
import { known, unavailable, type Fact } from '../../src/core/facts/fact.ts';
import type { ImageEvidence } from '../../src/core/facts/image-evidence.ts';
import type { Labels } from '../../src/core/policy/match/label-selector.ts';
import type { BrokenPolicy } from '../../src/core/policy-set/compiled-policy.ts';
import { selectPolicies } from '../../src/core/policy-set/select.ts';
import { policySet } from './policy-set.ts';
import { imageDigest, judgedAt } from './image-facts.ts';

export type Specs = Readonly<Record<string, object>>;
export const ours = 'registry.example.com/web:1';
export const pinned = `${ours}@${imageDigest}`;
export const nonRoot = { image: { user: 'NonRoot' } };
export const pin = { digest: { pin: true } };
export const fence = { registries: { allow: ['registry.example.com/**'] } };
export const noAnswer = unavailable('registry.example.com', 'manifest: no answer within 2 s');

export interface Judging {
  readonly evidence?: ImageEvidence | undefined;
  readonly namespaceLabels?: Fact<Labels>;
  readonly situation?: Partial<Situation>;
  readonly fresh?: boolean;
  readonly broken?: readonly BrokenPolicy[];
  readonly unmatched?: Unmatched;
  readonly objectLabels?: readonly Labels[];
}
/** What is decided about the images of a Pod in the namespace `shop`: policies and facts in, a verdict out. */
export const judge = (specs: Specs, given: string | readonly string[], more: Judging = {}): Verdict => {
  const { evidence, namespaceLabels = known({}), situation = {}, fresh = true } = more;
  const set = policySet(specs, more.broken);
  const matched = selectPolicies(set.forNamespace('shop'), {
    namespace: 'shop',
    namespaceLabels,
    objectLabels: more.objectLabels ?? [{}],
  });
  const images = [given].flat().map((text, at) => ({
    use: { path: `spec.containers[${at}].image`, given: text, place: `spec.containers/c${at}` },
    fresh,
    image: set.images.read(text),
    ...(evidence === undefined ? {} : { evidence }),
  }));
  return decide(images, matched, more.unmatched, {
    pod: false,
    now: judgedAt,
    namespaceLabels,
    ...situation,
  });
};
export const codesOf = ({ findings }: Verdict): readonly string[] =>
  findings.map(({ policy, mode, code }) => `${policy}:${mode}:${code}`);
