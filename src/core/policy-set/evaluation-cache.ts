import type { Violation } from '../checks/check.ts';
import { shown, shownName } from '../text/shown-text.ts';
import { formatReference, parseReference, type ImageReference } from '../image/reference.ts';
import type { InvalidReference } from '../image/invalid-reference.ts';
import type { Result } from '../result.ts';
import { matchesImage, type CompiledPolicy } from './compiled-policy.ts';

/** What one policy finds in the text of one image. `applies`: the image is among its `match.images`. */
interface PolicyEvaluation {
  readonly applies: boolean;
  /** With the id of the check that each comes from. */
  readonly violations: readonly { readonly check: string; readonly violation: Violation }[];
}

/** An image text as the record shows it. */
interface ShownImage {
  readonly given: string;
  readonly reference?: string;
  readonly digest?: string;
}

/** An image text, parsed once, with the results of the policies of its set. */
export interface ReadImage {
  readonly parsed: Result<ImageReference, InvalidReference>;
  readonly shown: ShownImage;
  /** The violation of a text that is no reference; the same for every policy. */
  readonly refusal?: Violation;
  /**
   * The same answer for the same policy, however often it is asked. `pod`: for a Pod on its way into the cluster, where
   * `digest.pin` stands for `require`.
   */
  evaluate(policy: CompiledPolicy, image: ImageReference, pod: boolean): PolicyEvaluation;
}

/** Parses image texts and caches the results: a cluster runs few images many times. */
export interface EvaluationCache {
  read(given: string): ReadImage;
}

/** Limit of cached texts: names from outside must not fill the memory. Beyond it the cache starts empty. */
const maxTexts = 4096;
const maxEvaluations = 100_000;
const maxTextLength = 512;

const notApplicable: PolicyEvaluation = { applies: false, violations: [] };
const noViolations: PolicyEvaluation = { applies: true, violations: [] };

/** The violations of every static check of the policy. Pure: they depend only on the policy, the text and `pod`. */
const evaluatePolicy = (policy: CompiledPolicy, image: ImageReference, pod: boolean): PolicyEvaluation => {
  if (!matchesImage(policy.match, image)) return notApplicable;
  const violations = policy.checks.flatMap(({ id, podsOnly, run }) =>
    podsOnly === true && !pod ? [] : run(image).map((violation) => ({ check: id, violation })),
  );
  return violations.length === 0 ? noViolations : { applies: true, violations };
};

const showImage = (given: string, parsed: ReadImage['parsed']): ShownImage => ({
  given: shown(given),
  ...(parsed.ok ? { reference: shown(formatReference(parsed.value)) } : {}),
  ...(parsed.ok && parsed.value.digest !== undefined ? { digest: parsed.value.digest } : {}),
});

/** Quotes the part only when the shown whole text contains it: alone it may hold half of a password (B37). */
const offendingPart = (whole: string, { part, text }: InvalidReference): string =>
  whole.includes(shown(text)) ? `${part} '${shownName(text)}'` : part;

const refusalOf = (whole: string, why: InvalidReference): Violation => ({
  code: 'invalid-reference',
  message: `image '${whole}' is not a valid image reference`,
  detail: `${offendingPart(whole, why)}: ${why.why}`,
  remedy: 'write it as registry/repository:tag or registry/repository@sha256:…',
});

/**
 * The cache of one policy set. It lives as long as the set, so it can never answer for another one. It holds results
 * that follow from text alone, never evidence.
 */
export const createEvaluationCache = (): EvaluationCache => {
  const texts = new Map<string, ReadImage>();
  let evaluations = 0;
  const clearWhenFull = (): void => {
    if (texts.size < maxTexts && evaluations < maxEvaluations) return;
    texts.clear();
    evaluations = 0;
  };
  const parseImage = (given: string): ReadImage => {
    const parsed = parseReference(given);
    const shownImage = showImage(given, parsed);
    const evaluated = new Map<CompiledPolicy, PolicyEvaluation>();
    let evaluatedForPods: Map<CompiledPolicy, PolicyEvaluation> | undefined;
    return {
      parsed,
      shown: shownImage,
      ...(parsed.ok ? {} : { refusal: refusalOf(shownImage.given, parsed.error) }),
      evaluate: (policy, image, pod) => {
        // Only a policy that pins judges a Pod in another way.
        const cached = pod && policy.pin ? (evaluatedForPods ??= new Map()) : evaluated;
        const known = cached.get(policy);
        if (known !== undefined) return known;
        const evaluation = evaluatePolicy(policy, image, pod);
        cached.set(policy, evaluation);
        evaluations++;
        return evaluation;
      },
    };
  };
  return {
    read: (given) => {
      const known = texts.get(given);
      if (known !== undefined) return known;
      const image = parseImage(given);
      clearWhenFull();
      if (given.length <= maxTextLength) texts.set(given, image);
      return image;
    },
  };
};
