import type { ConstraintJudgement } from '../../../core/decision/constraint-findings.ts';
import type { Fact } from '../../../core/facts/fact.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Steps } from '../../../core/steps.ts';
import { isJsonObject, objectOf, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { groupOf } from '../../../core/workload/kinds/kinds.ts';
import { maxSteps } from '../../rego/evaluate/budget.ts';
import { constraintGroup, type Constraint, type UnusableConstraint } from '../constraint.ts';
import { matchesReview, speaksOfKind } from '../constraint-match.ts';
import { templateGroup } from '../constraint-template.ts';
import { actionsAt } from '../enforcement.ts';
import { isNamespaceExcluded } from '../excluded-namespaces.ts';
import { judgeConstraint, type Judgement } from '../judge-constraint.ts';
import { reviewOfRequest, type ConstraintReview } from '../review.ts';

/** Steps that all constraints of one review may take together. */
const maxReviewSteps = 4 * maxSteps;
/** Violations of one constraint that are kept; a Pod with thousands of containers could have thousands. */
const maxViolations = 256;
const point = 'validation.gatekeeper.sh';

export type ConstraintInForce = Constraint | UnusableConstraint;

interface SetQuestion {
  readonly request: JsonObject;
  /** `undefined`: nobody looked it up. */
  readonly namespace: Fact<JsonObject> | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface SetAnswers {
  readonly judgements: readonly ConstraintJudgement[];
  readonly isExcluded: boolean;
}

interface SetParts {
  /** In the order in which they are asked. */
  readonly constraints: readonly ConstraintInForce[];
  /** Globs on namespaces of a Config. */
  readonly excludedNamespaces: readonly string[];
  readonly version: string;
  /** Takes the constraints that were met with a violation without a message. */
  readonly withoutMessage?: WeakSet<ConstraintInForce>;
}

/** The API server says that a Namespace stands in itself; for Gatekeeper it stands in none. */
const asGatekeeper = (request: JsonObject): JsonObject => {
  const { group, kind } = objectOf(request['kind']);
  const isNamespace = textOf(kind) === 'Namespace' && textOf(group) === '';
  return isNamespace ? { ...request, namespace: '' } : request;
};

const kindOf = (object: unknown): { readonly group: string; readonly kind: string } => {
  const { apiVersion, kind } = isJsonObject(object) ? object : {};
  return { group: groupOf(textOf(apiVersion)), kind: textOf(kind) };
};

const readsNamespace = (constraint: ConstraintInForce): boolean =>
  'template' in constraint && constraint.template.code.readsNamespace;
const looksAtNamespace = (constraint: ConstraintInForce): boolean =>
  constraint.match?.namespaceSelector !== undefined || readsNamespace(constraint);

/** Constraints that may speak of a request. */
interface Candidates {
  readonly constraints: readonly ConstraintInForce[];
  /** One of them looks at the Namespace object. */
  readonly needNamespace: boolean;
}
const candidatesIn = (constraints: readonly ConstraintInForce[]): Candidates => ({
  constraints,
  needNamespace: constraints.some(looksAtNamespace),
});

/** So many constraints that do not speak of a request cost as much as asking one that does. */
const silentAStep = 32;

/** Templates and constraints: whoever may write them may also delete them, of which no constraint is asked. */
const isOfGatekeeper = ({ request }: ConstraintReview): boolean =>
  [templateGroup, constraintGroup].includes(textOf(objectOf(request['kind'])['group']));

const unusable = (
  constraint: UnusableConstraint,
  review: ConstraintReview,
): ConstraintJudgement | undefined => {
  const actions = actionsAt(constraint.enforcement, point);
  // A constraint on everything would refuse the template that makes it usable again.
  if (actions.length === 0 || isOfGatekeeper(review)) return undefined;
  const isMatched = matchesReview(constraint.match, review);
  if (isMatched.ok && !isMatched.value) return undefined;
  const { kind, name, why } = constraint;
  const problems = [{ code: 'constraint-unusable', message: why } as const];
  return { kind, name, actions, violations: [], more: 0, withoutMessage: 0, problems };
};

const asked = (
  { kind, name, template: { title } }: Constraint,
  judgement: Judgement,
  missesNamespace: boolean,
): ConstraintJudgement => {
  const { actions, violations, more, withoutMessage, error } = judgement;
  const unknown = {
    code: 'namespace-unavailable',
    message: 'the template looks at the namespace of the object, and that is not known',
  } as const;
  return {
    kind,
    name,
    title,
    actions,
    withoutMessage,
    violations,
    more,
    problems: [
      ...(error === undefined ? [] : [{ code: 'constraint-error', message: error } as const]),
      ...(missesNamespace ? [unknown] : []),
    ],
  };
};

interface Asking extends Pick<SetQuestion, 'request' | 'now'> {
  readonly withoutMessage: SetParts['withoutMessage'] | undefined;
  readonly review: ConstraintReview;
  /** The namespace is asked for and not known. */
  readonly isUnknown: boolean;
}

/** Asks one constraint after the other about a review, which has steps for all of them together. */
const asking = ({ request, now, review, isUnknown, withoutMessage }: Asking) => {
  const surroundings = { now: BigInt(Math.round(now)) * 1_000_000n, seed: textOf(request['uid']) };
  let stepsLeft = maxReviewSteps;
  return (constraint: ConstraintInForce): ConstraintJudgement | undefined => {
    if ('why' in constraint) return unusable(constraint, review);
    const judgement = judgeConstraint(constraint, review, { point, surroundings, stepsLeft, maxViolations });
    if (judgement === undefined) return undefined;
    stepsLeft -= judgement.steps;
    if (judgement.withoutMessage > 0) withoutMessage?.add(constraint);
    return asked(constraint, judgement, isUnknown && readsNamespace(constraint));
  };
};

/** The constraints in force at one time, as a webhook asks them. */
export const createConstraintSet = ({
  constraints,
  excludedNamespaces,
  version,
  withoutMessage,
}: SetParts) => {
  /** By kind; a cluster has some hundred of them, and nobody knows which words a request brings. */
  const byKind = new Map<string, Candidates>();
  const maxKinds = 1024;
  const all = candidatesIn(constraints);
  const forKind = (of: { readonly group: string; readonly kind: string }): Candidates => {
    const key = `${of.group} ${of.kind}`;
    const known = byKind.get(key);
    if (known !== undefined) return known;
    const found = candidatesIn(constraints.filter(({ match }) => speaksOfKind(match, of)));
    if (byKind.size < maxKinds) byKind.set(key, found);
    return found;
  };

  /** Those that may speak of the object, or of the one before the change. */
  const candidates = (request: JsonObject): Candidates => {
    const { object, oldObject } = request;
    const before = kindOf(oldObject);
    if (!isJsonObject(object)) return isJsonObject(oldObject) ? forKind(before) : all;
    const of = kindOf(object);
    const isSame = of.kind === before.kind && of.group === before.group;
    if (isSame || !isJsonObject(oldObject)) return forKind(of);
    return candidatesIn(
      constraints.filter(({ match }) => speaksOfKind(match, of) || speaksOfKind(match, before)),
    );
  };

  return {
    version,
    isEmpty: constraints.length === 0,
    isDenying: constraints.some(({ enforcement }) => actionsAt(enforcement, point).includes('deny')),
    needsNamespace: (sent: JsonObject): boolean => {
      const request = asGatekeeper(sent);
      return textOf(request['namespace']) !== '' && candidates(request).needNamespace;
    },
    *judging({ request: sent, namespace, now }: SetQuestion): Steps<Result<SetAnswers, string>> {
      const request = asGatekeeper(sent);
      const isUnknown = namespace !== undefined && namespace.state !== 'known';
      const review = reviewOfRequest(request, namespace?.state === 'known' ? namespace.value : undefined);
      if (!review.ok) return fail(review.error);
      if (isNamespaceExcluded(excludedNamespaces, review.value))
        return ok({ judgements: [], isExcluded: true });
      const judgements: ConstraintJudgement[] = [];
      const judged = asking({ request, now, review: review.value, isUnknown, withoutMessage });
      let silent = 0;
      for (const constraint of candidates(request).constraints) {
        const judgement = judged(constraint);
        if (judgement !== undefined) judgements.push(judgement);
        else if (++silent % silentAStep !== 0) continue;
        yield;
      }
      return ok({ judgements, isExcluded: false });
    },
  };
};
export type CompiledConstraints = ReturnType<typeof createConstraintSet>;
