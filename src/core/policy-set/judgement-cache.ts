import { createObjectNumbers } from '../object-numbers.ts';
import { pass, type CheckSituation, type EvidenceCheck, type EvidenceViolation } from '../checks/check.ts';
import { createLruCache } from '../../concurrency/cache/lru-cache.ts';

/** Caches what rules find in images. */
interface JudgementCache {
  /** The same check; a rule of it is asked once about the same facts. */
  readonly caching: (check: EvidenceCheck) => EvidenceCheck;
}

/** Limits of the results that are cached beyond a review: about 20,000 images that pass one rule each. */
const limits = { entries: 20_000, weight: 8 * 1024 * 1024 };
/** Passes of rules that read the time, each with the span in which it stands. */
const passLimits = { entries: 20_000 };
/** Of an entry beside its texts. */
const entryBytes = 200;

type Rule = EvidenceCheck['rules'][number];
type Judgement = readonly EvidenceViolation[];

const weightOf = (judgement: Judgement): number =>
  judgement.reduce(
    (sum, { says, detail = '', remedy = '' }) =>
      sum + entryBytes + 2 * (says.length + detail.length + remedy.length),
    entryBytes,
  );

/**
 * The cache of one policy set; it lives as long as the set. A rule judges an image once, however many policies have
 * the rule and however many names the image has (R24): one Pod can name an index of 60 platforms 64 times in a
 * namespace of 50 policies. The key of a result is everything that it depends on: the rule with all its values, and
 * the facts themselves, not the name of the image. Results that depend on time or namespace are cached only within
 * their review; a pass of a rule that says until when it stands is cached until then, for a clock that does not go back.
 */
export const createJudgementCache = (): JudgementCache => {
  const rules = new Map<string, number>();
  const numberOf = createObjectNumbers();
  const judgements = createLruCache<Judgement>(limits);
  const passes = createLruCache<{ readonly from: number; readonly until: number }>(passLimits);
  const inReview = new WeakMap<CheckSituation, Map<string, Judgement>>();

  const reviewOf = (situation: CheckSituation): Map<string, Judgement> => {
    const known = inReview.get(situation);
    if (known !== undefined) return known;
    const fresh = new Map<string, Judgement>();
    inReview.set(situation, fresh);
    return fresh;
  };

  const cachingRule = (rule: Rule): Rule => {
    const number = rules.get(rule.text) ?? rules.size;
    rules.set(rule.text, number);
    const keyOf = (facts: object): string => `${number} ${numberOf(facts)}`;
    const judge: Rule['judge'] = (facts, situation) => {
      const key = keyOf(facts);
      if (rule.readsSituation) {
        const span = rule.passesUntil === undefined ? undefined : passes.get(key);
        if (span !== undefined && span.from <= situation.now && situation.now < span.until) return pass;
        const review = reviewOf(situation);
        const known = review.get(key);
        if (known !== undefined) return known;
        const judgement = rule.judge(facts, situation);
        review.set(key, judgement);
        if (judgement.length === 0 && rule.passesUntil !== undefined)
          passes.set(key, { from: situation.now, until: rule.passesUntil(facts, situation) });
        return judgement;
      }
      const known = judgements.get(key);
      if (known !== undefined) return known;
      const judgement = rule.judge(facts, situation);
      judgements.set(key, judgement, weightOf(judgement));
      return judgement;
    };
    return { ...rule, judge };
  };

  return { caching: (check) => ({ ...check, rules: check.rules.map(cachingRule) }) };
};
