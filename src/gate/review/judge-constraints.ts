import { andThen, orElse, type Awaitable } from '../../concurrency/awaitable.ts';
import type { Clock } from '../../concurrency/clock.ts';
import {
  constraintFindings,
  omittedViolations,
  templateTitles,
} from '../../core/decision/constraint-findings.ts';
import type { Fact } from '../../core/facts/fact.ts';
import type { Finding } from '../../core/decision/finding.ts';
import type { Result } from '../../core/result.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import type {
  ConstraintAnswers,
  ConstraintReader,
  ConstraintSet,
  ConstraintSource,
  ConstraintVerdict,
  EvaluationThreads,
  LongJudging,
  NamespaceObjects,
  TurnOutcome,
} from '../constraints.ts';
import { deadlineAfter, type Deadline } from '../deadline.ts';
import { gateFinding, lateFinding } from './decision-builder.ts';
import { untilDeadline, type Slices } from './slices.ts';

export interface ConstraintDeps {
  readonly source: ConstraintSource;
  readonly namespaces: NamespaceObjects;
  /** Nobody is refused or warned: what constraints say is recorded as Audit. */
  readonly isShadow: boolean;
  /** Absent: somebody else judges templates and constraints on their way in. */
  readonly reader?: ConstraintReader | undefined;
  /** Absent: every evaluation is done at once, and holds up everybody else for as long as it takes. */
  readonly threads?: EvaluationThreads | undefined;
  /** Told of violations without a message, by the constraint: they are no results. */
  readonly onWithoutMessage?: (constraint: string, violations: number) => void;
}

interface JudgeDeps extends ConstraintDeps {
  readonly clock: Clock;
  readonly slices: Slices;
  /** Called with an unexpected error in the shadow, where it refuses nobody. Elsewhere it is thrown. */
  readonly onBug: (error: unknown) => void;
}

type Judging = Result<ConstraintAnswers | LongJudging, string>;

/** `late`: the deadline passed first. `undefined`: there are no constraints. */
type Judged = ConstraintVerdict | 'late' | undefined;

export type JudgeConstraints = (request: AdmissionRequest, deadline: Deadline) => Awaitable<Judged>;

/** A verdict of the gate itself. In the shadow it is recorded and refuses nobody. */
const ownVerdict = (finding: Finding, version: string, isShadow: boolean): ConstraintVerdict => ({
  findings: [isShadow ? { ...finding, mode: 'Audit' } : finding],
  judged: 0,
  omitted: { Deny: 0, Warn: 0, Audit: 0 },
  titles: {},
  version,
  took: 0,
  isExcluded: false,
});

/** R8: constraints that are not listed yet are not "no constraints". */
const loading = (why: string): Finding =>
  gateFinding('policies-unavailable', 'the constraints are not loaded yet', {
    detail: why,
    remedy: 'try again in a moment; if it stays, read the log of the gate',
  });

const malformed = (why: string): Finding =>
  gateFinding('malformed-request', `request: ${why}`, {
    path: 'request',
    remedy: 'send a request as the API server does',
  });

const failed = (): Finding =>
  gateFinding('internal-error', 'the constraints failed while judging this request', {
    remedy: 'this is a defect of the gate: report it with the decision id and the log line',
  });

/** What is judged after the constraints needs time as well: registries are asked within the same deadline. */
const shareOfOthers = 1 / 2;

/** For what refuses nobody, whatever it says: half of the time that is left. */
const partOf = ({ remaining, mayWait }: Deadline, clock: Clock): Deadline => ({
  ...deadlineAfter(remaining() * shareOfOthers, clock),
  ...(mayWait && { mayWait }),
});

/** In the shadow nothing of constraints may refuse: no defect of theirs, and not the time that they took. */
const inTheShadow =
  (judge: JudgeConstraints, { clock, onBug }: Pick<JudgeDeps, 'clock' | 'onBug'>): JudgeConstraints =>
  (request, whole) => {
    const deadline = partOf(whole, clock);
    const settled = (judged: Judged): Judged =>
      judged === 'late' ? ownVerdict(lateFinding(deadline), 'none', true) : judged;
    const broken = (error: unknown): Judged => {
      onBug(error);
      return ownVerdict(failed(), 'none', true);
    };
    return orElse(() => andThen(judge(request, deadline), settled), broken);
  };

/** Evaluations that are left when too much memory waits already. Attack: large objects whose evaluations never come to an end. */
const noRoom: TurnOutcome = {
  evaluated: [],
  failed: {
    why: 'it takes long, and too many large objects wait for such evaluations already, of this namespace before all',
    isBegun: false,
  },
};

/** Evaluations of constraints that refuse nobody: the gate says that it did not ask them, and goes on. */
const noTime: TurnOutcome = {
  evaluated: [],
  failed: { why: 'it takes long, and its review had no more time for it', isBegun: false },
};

/**
 * Leaves to threads what takes long, turn by turn. Constraints that warn or record get a part of the time that is left,
 * so that one that was put there to be tried costs nobody a workload. `undefined`: the deadline passed first.
 */
const inThreads = async (
  long: LongJudging,
  { namespace }: Pick<AdmissionRequest, 'namespace'>,
  deadline: Deadline,
  { threads, clock }: { readonly threads: EvaluationThreads; readonly clock: Clock },
): Promise<ConstraintAnswers | undefined> => {
  let left: ConstraintAnswers | LongJudging = long;
  while ('turn' in left) {
    if (deadline.remaining() <= 0) return undefined;
    const within = left.isDenying ? deadline : partOf(deadline, clock);
    const outcome: TurnOutcome | 'late' =
      deadline.mayWait?.(namespace) === false
        ? noRoom
        : await threads.evaluate(left.turn, namespace, within.signal());
    if (outcome === 'late' && left.isDenying) return undefined;
    left = left.goOn(outcome === 'late' ? noTime : outcome);
  }
  return left;
};

/**
 * Asks all constraints about a request, whatever it asks for: R2 and the short cuts are for images alone. It answers at
 * once where nothing has to be looked up and little has to be evaluated; else it goes on in slices, so that others run
 * between two constraints (R24).
 */
export const createJudgeConstraints = (deps: JudgeDeps): JudgeConstraints => {
  const { source, namespaces, isShadow, threads, clock, slices } = deps;

  const verdictOf = (
    { judgements, isExcluded }: ConstraintAnswers,
    { version }: ConstraintSet,
    began: number,
  ): ConstraintVerdict => {
    for (const { kind, name, withoutMessage } of judgements)
      if (withoutMessage > 0) deps.onWithoutMessage?.(`${kind}/${name}`, withoutMessage);
    return {
      findings: constraintFindings(judgements, isShadow),
      judged: judgements.length,
      omitted: omittedViolations(judgements, isShadow),
      titles: templateTitles(judgements),
      version,
      took: clock.monotonic() - began,
      isExcluded,
    };
  };

  const judge = (
    request: AdmissionRequest,
    set: ConstraintSet,
    namespace: Fact<JsonObject> | undefined,
    deadline: Deadline,
  ): Awaitable<Judged> => {
    const began = clock.monotonic();
    const settle = (answers: Judging): Awaitable<Judged> => {
      if (!answers.ok) return ownVerdict(malformed(answers.error), set.version, isShadow);
      if (!('turn' in answers.value)) return verdictOf(answers.value, set, began);
      if (threads === undefined)
        throw new Error('constraints left evaluations to threads that are not there');
      return inThreads(answers.value, request, deadline, { threads, clock }).then((found) =>
        found === undefined ? 'late' : verdictOf(found, set, began),
      );
    };
    const answers = slices.run(
      set.judging({ request: request.sent, namespace, now: clock.now(), hasThreads: threads !== undefined }),
      untilDeadline(request.namespace, deadline),
    );
    return andThen<Judging | undefined, Judged>(answers, (found) =>
      found === undefined ? 'late' : settle(found),
    );
  };

  const ask: JudgeConstraints = (request, deadline) => {
    const state = source.current();
    if (state.state === 'loading') return ownVerdict(loading(state.why), 'none', isShadow);
    const { set } = state;
    if (set.isEmpty) return undefined;
    if (!set.needsNamespace(request.sent)) return judge(request, set, undefined, deadline);
    const namespace = namespaces.object(request.namespace, deadline.signal);
    return andThen(namespace, (looked) => judge(request, set, looked, deadline));
  };
  return isShadow ? inTheShadow(ask, deps) : ask;
};
