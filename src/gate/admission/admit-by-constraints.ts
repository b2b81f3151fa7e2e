import { andThen, orElse, type Awaitable } from '../../concurrency/awaitable.ts';
import type { Clock } from '../../concurrency/clock.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import type { Deadline } from '../deadline.ts';
import { timedOut, type DecisionBuilder, type Outcome } from '../review/decision-builder.ts';
import type { JudgeConstraints } from '../review/judge-constraints.ts';
import { defectOf, admissionOrigin } from './admission-origin.ts';

interface ConstraintAdmissionDeps {
  readonly buildDecision: DecisionBuilder;
  /** Absent: this gate knows no constraints. */
  readonly judgeConstraints?: JudgeConstraints | undefined;
  readonly clock: Clock;
  /** Called with every unexpected error. */
  readonly onBug: (error: unknown) => void;
}

/** Somebody switched constraints off and left the webhook: nothing is judged, and the answer says so. */
const notAsked: Outcome = {
  skipped: { code: 'not-judged', message: 'this gate asks no constraints: see --constraints' },
};

/**
 * Judges a request by constraints alone: any kind, any operation, any subresource. Images are judged elsewhere. Never
 * rejects. Where the gate itself is the reason that nothing was judged, every finding is one of the gate.
 */
export const createAdmitByConstraints =
  ({ buildDecision, judgeConstraints, clock, onBug }: ConstraintAdmissionDeps) =>
  (request: AdmissionRequest, deadline: Deadline): Awaitable<Decision> => {
    const started = clock.monotonic();
    if (judgeConstraints === undefined) return buildDecision(admissionOrigin(request), notAsked, started);
    return orElse(
      () =>
        andThen(judgeConstraints(request, deadline), (verdict) =>
          verdict === 'late'
            ? buildDecision(admissionOrigin(request), timedOut(deadline), started)
            : buildDecision(admissionOrigin(request, verdict), {}, started),
        ),
      (error) => {
        onBug(error);
        return buildDecision(admissionOrigin(request), defectOf(), started);
      },
    );
  };
