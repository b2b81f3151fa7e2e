import { isAsked, named, type CheckSituation, type Violation } from '../../src/core/checks/check.ts';
import { compileEvidenceCheck, isEvidenceCheck } from '../../src/core/checks/index.ts';
import { known, type Fact } from '../../src/core/facts/fact.ts';
import type { ImageFacts } from '../../src/core/facts/image-facts.ts';
import type { Labels } from '../../src/core/policy/match/label-selector.ts';
import { policy } from './policy-set.ts';
import { imageFacts, judgedAt, platformImage } from './image-facts.ts';

export const inNamespace = (namespaceLabels: Fact<Labels>, namespace = 'shop'): CheckSituation => ({
  now: judgedAt,
  namespace,
  namespaceLabels,
});
export const somewhere = inNamespace(known({}));

export const compiled = (image: object, multiArch: object = {}) => {
  const { spec } = policy('p', { multiArch, checks: [{ image }] });
  const [check] = spec.checks;
  if (check === undefined || !isEvidenceCheck(check)) throw new Error('a mistake of the test');
  const result = compileEvidenceCheck(check, spec.multiArch);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

export interface Judging {
  readonly situation?: CheckSituation;
  readonly multiArch?: object;
  readonly isVolume?: boolean;
}
export const judge = (
  image: object,
  facts: ImageFacts,
  { situation = somewhere, multiArch, isVolume = false }: Judging = {},
): readonly Violation[] => {
  const rules = compiled(image, multiArch).rules.filter((rule) => isAsked(rule, isVolume));
  const found = rules.flatMap((rule) => rule.judge(facts, situation));
  return found.map((violation) => named('registry.example.com/web:1', violation));
};
export const codes = (...call: Parameters<typeof judge>): readonly string[] =>
  judge(...call).map(({ code }) => code);

export const amd64 = (more: Parameters<typeof platformImage>[1] = {}): ImageFacts =>
  imageFacts(platformImage('linux/amd64', more));
