import type { Situation, Verdict } from '../../src/core/decision/decide.ts';
import { decide } from '../../src/core/decision/decide.ts';
import type { Fact } from '../../src/core/facts/fact.ts';
import { known, unavailable } from '../../src/core/facts/fact.ts';
import type { ImageEvidence } from '../../src/core/facts/image-evidence.ts';
import type { Labels } from '../../src/core/policy/match/label-selector.ts';
import { selectPolicies } from '../../src/core/policy/match/select.ts';
import { policySet } from './gate.ts';
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
}
/** What is decided about one image of a Pod in the namespace `shop`. */
export const judge = (specs: Specs, given: string, more: Judging = {}): Verdict => {
  const { evidence, namespaceLabels = known({}), situation = {}, fresh = true } = more;
  const set = policySet(specs);
  const covering = selectPolicies(set.forNamespace('shop'), {
    namespace: 'shop',
    namespaceLabels,
    objectLabels: [{}],
  });
  const use = { path: 'spec.containers[0].image', given, place: 'spec.containers/app' };
  const image = {
    use,
    fresh,
    image: set.images.read(given),
    ...(evidence === undefined ? {} : { evidence }),
  };
  return decide([image], covering, undefined, { pod: false, now: judgedAt, namespaceLabels, ...situation });
};
export const codesOf = ({ findings }: Verdict): readonly string[] =>
  findings.map(({ policy, mode, code }) => `${policy}:${mode}:${code}`);
