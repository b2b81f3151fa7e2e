import type { Decision } from '../../../core/decision/decision.ts';
import type { Deadline } from '../../../gate/deadline.ts';
import { jsonError, type WebAnswer } from '../server/answer.ts';
import type { OnProblem, WebhookHandlers } from '../handlers.ts';
import { encodeImageDefect, encodeImageReview } from './image-review.ts';
import { encodeUnpatched } from './mutation-response.ts';
import { defect, peekUid, type ReviewEndpoint, type RequestRejection } from './rejection.ts';
import { encodeDefect, encodeReview } from './review-response.ts';

/** One call on its way to an answer. */
export interface Call {
  readonly endpoint: ReviewEndpoint;
  readonly caller: 'verified' | 'unverified';
  readonly deadline: Deadline;
}

/** Turns rejections into answers: a verdict wherever the API server can read one. */
export interface Reject {
  /** For a review with this uid, or JSON without one. */
  readable(call: Call, rejection: RequestRejection, uid?: string): WebAnswer;
  /** Nothing was parsed; `start` is the beginning of the body. */
  unread(call: Call, rejection: RequestRejection, start: Buffer): WebAnswer;
  /** An unexpected error, from anywhere. */
  unexpected(call: Call, error: unknown, uid?: string): WebAnswer;
}

/** 413 over a size cap (its cure may be time), else 400. */
const statusWithoutVerdict = ({ code }: RequestRejection): number =>
  code === 'too-large' || code === 'overloaded' ? 413 : 400;

/** On `/constraints` a request that the gate could not judge. The API server then does what its door says. */
export const notJudgedStatus = 503;

const statusOfRejection = ({ endpoint }: Call, rejection: RequestRejection): number => {
  const isFailure = rejection.code === 'deadline-exceeded' || rejection.code === 'internal-error';
  return endpoint === 'constraints' && isFailure ? notJudgedStatus : statusWithoutVerdict(rejection);
};

/**
 * A dead gate lets through what comes by an open door: a gate that has no room must not refuse it. Attack: an object that
 * alone is small enough to be judged, and with its old self too large, would lose there the label that a constraint wants.
 * The gate is well then, and the object is the reason: that is a refusal.
 */
const isOfObject = ({ allowed, findings }: Decision): boolean =>
  !allowed && findings.every(({ code }) => code === 'too-large');

/** A verdict as the endpoint writes it. `undefined`: it has none to give. */
const verdictOf = ({ endpoint }: Call, decision: Decision, uid: string | undefined): string | undefined => {
  if (endpoint === 'image-review') return encodeImageReview(decision);
  const mayAnswer = endpoint !== 'constraints' || isOfObject(decision);
  return mayAnswer && uid !== undefined ? encodeReview(decision, uid) : undefined;
};

/** `/mutate` never denies, so there is no decision to record. A body that cannot be read at all is an HTTP error. */
const unpatched = (rejection: RequestRejection, uid: string | undefined): WebAnswer =>
  uid === undefined
    ? { status: statusWithoutVerdict(rejection), text: jsonError(rejection.code, rejection.message) }
    : { status: 200, text: encodeUnpatched(uid) };

export const createReject = (handlers: WebhookHandlers, onProblem: OnProblem): Reject => {
  /** The last resort has no decision to record. */
  const lastResort = (call: Call, uid: string | undefined): WebAnswer => {
    if (call.endpoint === 'image-review') return { status: 200, text: encodeImageDefect() };
    if (call.endpoint === 'constraints')
      return { status: notJudgedStatus, text: jsonError(defect.code, defect.message) };
    if (uid !== undefined) return { status: 200, text: encodeDefect(uid) };
    return { status: 400, text: jsonError(defect.code, defect.message) };
  };

  const decide = (
    call: Call,
    rejection: RequestRejection,
    uid: string | undefined,
    encoding: 'verdict' | 'error',
  ): WebAnswer => {
    const { endpoint, caller } = call;
    if (endpoint === 'mutate') return unpatched(rejection, encoding === 'error' ? undefined : uid);
    try {
      const made = handlers.rejected({
        ...rejection,
        endpoint,
        caller,
        ...(uid === undefined ? {} : { uid }),
      });
      // A rejection never becomes an allow, whatever the handler made of it: by `/constraints` it has no verdict then.
      const decision = made.allowed && endpoint !== 'constraints' ? { ...made, allowed: false } : made;
      const verdict = encoding === 'verdict' ? verdictOf(call, decision, uid) : undefined;
      if (verdict !== undefined) return { status: 200, text: verdict, decision };
      const text = jsonError(rejection.code, rejection.message, decision);
      return { status: statusOfRejection(call, rejection), text, decision };
    } catch (error) {
      onProblem({ kind: 'handler', message: `a refusal of ${endpoint} failed unexpectedly`, error });
      return lastResort(call, uid);
    }
  };

  return {
    // An API server with `defaultAllow` lets an image review pass that fails, so it gets a verdict too.
    readable: (call, rejection, uid) => decide(call, rejection, uid, 'verdict'),
    // The contract fixes two cases: over the size cap is 413, not JSON is 400, whatever the body may begin with.
    unread: (call, rejection, start) => {
      const isTooLarge = rejection.code === 'too-large' && call.endpoint !== 'constraints';
      const fixed = isTooLarge || rejection.code === 'malformed-request';
      return fixed
        ? decide(call, rejection, undefined, 'error')
        : decide(call, rejection, peekUid(start), 'verdict');
    },
    unexpected: (call, error, uid) => {
      onProblem({ kind: 'handler', message: `a call of ${call.endpoint} failed unexpectedly`, error });
      return decide(call, defect, uid, 'verdict');
    },
  };
};
