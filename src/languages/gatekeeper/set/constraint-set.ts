import type { ConstraintJudgement } from '../../../core/decision/constraint-findings.ts';
import type { Fact } from '../../../core/facts/fact.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Steps } from '../../../core/steps.ts';
import { isJsonObject, objectOf, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { groupOf } from '../../../core/workload/kinds/kinds.ts';
import { speaksOfKind } from '../constraint-match.ts';
import { actionsAt } from '../enforcement.ts';
import { createConstraintCache, type ConstraintCache } from '../evaluation/constraint-cache.ts';
import type { EvaluationTurn } from '../evaluation/evaluation-turn.ts';
import { isNamespaceExcluded } from '../excluded-namespaces.ts';
import { reviewOfRequest } from '../review.ts';
import {
  judgingReview,
  point,
  readsNamespace,
  type ConstraintInForce,
  type ReviewAnswers,
  type EvaluatedTurn,
} from './judge-review.ts';

interface SetQuestion {
  readonly request: JsonObject;
  /** `undefined`: nobody looked it up. */
  readonly namespace: Fact<JsonObject> | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether a thread is there for what takes long; absent: everything is evaluated at once. */
  readonly hasThreads?: boolean;
}

interface SetAnswers {
  readonly judgements: readonly ConstraintJudgement[];
  readonly isExcluded: boolean;
}

/** Constraints whose evaluation takes too long here. */
interface LongJudging {
  readonly isDenying: boolean;
  /** What a thread is to do. */
  readonly turn: EvaluationTurn;
  /** Goes on with what came of it. */
  goOn(outcome: EvaluatedTurn): SetAnswers | LongJudging;
}

interface SetParts {
  /** In the order in which they are asked, among those that refuse and among the others. */
  readonly constraints: readonly ConstraintInForce[];
  /** Globs on namespaces of a Config. */
  readonly excludedNamespaces: readonly string[];
  readonly version: string;
  /** Takes the constraints that were met with a violation without a message. */
  readonly withoutMessage?: WeakSet<ConstraintInForce>;
  /** For sets that share constraints; absent: one of its own. */
  readonly cache?: ConstraintCache;
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

/** @returns those that may speak of the object of a request, or of the one before the change */
const createCandidates = (
  constraints: readonly ConstraintInForce[],
): ((request: JsonObject) => Candidates) => {
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

  return (request) => {
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
};

const answersOf = (answers: ReviewAnswers): SetAnswers | LongJudging =>
  'turn' in answers
    ? {
        isDenying: answers.isDenying,
        turn: answers.turn,
        goOn: (outcome) => answersOf(answers.goOn(outcome)),
      }
    : { judgements: answers, isExcluded: false };

const isDenying = ({ enforcement }: ConstraintInForce): boolean =>
  actionsAt(enforcement, point).includes('deny');

/** The constraints in force at one time, as a webhook asks them: those that refuse have the steps of a review first. */
export const createConstraintSet = ({
  constraints,
  excludedNamespaces,
  version,
  withoutMessage,
  cache = createConstraintCache(),
}: SetParts) => {
  const denying = constraints.filter(isDenying);
  const inOrder = [...denying, ...constraints.filter((one) => !isDenying(one))];
  const candidates = createCandidates(inOrder);
  return {
    version,
    isEmpty: constraints.length === 0,
    isDenying: denying.length > 0,
    needsNamespace: (sent: JsonObject): boolean => {
      const request = asGatekeeper(sent);
      return textOf(request['namespace']) !== '' && candidates(request).needNamespace;
    },
    *judging({
      request: sent,
      namespace,
      now,
      hasThreads = false,
    }: SetQuestion): Steps<Result<SetAnswers | LongJudging, string>> {
      const request = asGatekeeper(sent);
      const isUnknown = namespace !== undefined && namespace.state !== 'known';
      const review = reviewOfRequest(request, namespace?.state === 'known' ? namespace.value : undefined);
      if (!review.ok) return fail(review.error);
      if (isNamespaceExcluded(excludedNamespaces, review.value))
        return ok({ judgements: [], isExcluded: true });
      const surroundings = { now: BigInt(Math.round(now)) * 1_000_000n, seed: textOf(request['uid']) };
      const answers = yield* judgingReview(candidates(request).constraints, {
        request,
        review: review.value,
        surroundings,
        isUnknown,
        hasThreads,
        withoutMessage,
        cache,
      });
      return ok(answersOf(answers));
    },
  };
};
export type CompiledConstraints = ReturnType<typeof createConstraintSet>;
