import type { Clock } from '../../concurrency/clock.ts';
import { constraintFindings } from '../../core/decision/constraint-findings.ts';
import type { Fact } from '../../core/facts/fact.ts';
import type { Result } from '../../core/result.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import type {
  ConstraintAnswers,
  ConstraintReader,
  ConstraintSet,
  ConstraintSource,
  ConstraintVerdict,
  NamespaceObjects,
} from '../constraints.ts';
import type { Deadline } from '../deadline.ts';
import { gateFinding } from './decision-builder.ts';
import { untilDeadline, type Slices } from './slices.ts';

export interface ConstraintDeps {
  readonly source: ConstraintSource;
  readonly namespaces: NamespaceObjects;
  /** Nobody is refused or warned: what constraints say is recorded as Audit. */
  readonly isShadow: boolean;
  /** Absent: somebody else judges templates and constraints on their way in. */
  readonly reader?: ConstraintReader | undefined;
}

interface JudgeDeps extends ConstraintDeps {
  readonly clock: Clock;
  readonly slices: Slices;
}

/** `late`: the deadline passed first. `undefined`: there are no constraints. */
type Judged = ConstraintVerdict | 'late' | undefined;

/** A verdict of the gate itself. In the shadow it is recorded and refuses nobody. */
const ownVerdict = (
  finding: ReturnType<typeof gateFinding>,
  version: string,
  isShadow: boolean,
): ConstraintVerdict => ({
  findings: [isShadow ? { ...finding, mode: 'Audit' } : finding],
  judged: 0,
  omitted: 0,
  version,
  took: 0,
  isExcluded: false,
});

/** R8: constraints that are not listed yet are not "no constraints". */
const loading = (why: string): ReturnType<typeof gateFinding> =>
  gateFinding('policies-unavailable', 'the constraints are not loaded yet', {
    detail: why,
    remedy: 'try again in a moment; if it stays, read the log of the gate',
  });

const malformed = (why: string): ReturnType<typeof gateFinding> =>
  gateFinding('malformed-request', `request: ${why}`, {
    path: 'request',
    remedy: 'send a request as the API server does',
  });

/**
 * Asks all constraints about a request, whatever it asks for: R2 and the short cuts are for images alone. It answers at
 * once where nothing has to be looked up and little has to be evaluated; else it goes on in slices, so that others run
 * between two constraints (R24).
 */
export const createJudgeConstraints = (deps: JudgeDeps) => {
  const { source, namespaces, isShadow, clock, slices } = deps;

  const verdictOf = (
    answers: Result<ConstraintAnswers, string>,
    { version }: ConstraintSet,
    began: number,
  ): ConstraintVerdict => {
    if (!answers.ok) return ownVerdict(malformed(answers.error), version, isShadow);
    const { judgements, isExcluded } = answers.value;
    return {
      findings: constraintFindings(judgements, isShadow),
      judged: judgements.length,
      omitted: judgements.reduce((sum, { more }) => sum + more, 0),
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
  ): Judged | Promise<Judged> => {
    const began = clock.monotonic();
    const answers = slices.run(
      set.judging({ request: request.sent, namespace, now: clock.now() }),
      untilDeadline(request.namespace, deadline),
    );
    if (!(answers instanceof Promise)) return verdictOf(answers, set, began);
    return answers.then((found) => (found === undefined ? 'late' : verdictOf(found, set, began)));
  };

  return (request: AdmissionRequest, deadline: Deadline): Judged | Promise<Judged> => {
    const state = source.current();
    if (state.state === 'loading') return ownVerdict(loading(state.why), 'none', isShadow);
    const { set } = state;
    if (set.isEmpty) return undefined;
    if (!set.needsNamespace(request.sent)) return judge(request, set, undefined, deadline);
    const namespace = namespaces.object(request.namespace, deadline.signal);
    if (!(namespace instanceof Promise)) return judge(request, set, namespace, deadline);
    return namespace.then((looked) => judge(request, set, looked, deadline));
  };
};
export type JudgeConstraints = ReturnType<typeof createJudgeConstraints>;
