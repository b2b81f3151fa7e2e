import { setImmediate as nextTurn } from 'node:timers/promises';
import { andFinally, andThen, orElse, type Awaitable } from '../../../concurrency/awaitable.ts';
import type { Decision } from '../../../core/decision/decision.ts';
import type { Finding } from '../../../core/decision/finding.ts';
import type { JsonValue } from '../../../core/text/json/json.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import type { Steps } from '../../../core/steps.ts';
import type { AdmissionRequest } from '../../../gate/admission-request.ts';
import type { Deadline } from '../../../gate/deadline.ts';
import { decodeReview } from './admission-review.ts';
import { jsonError, type WebAnswer } from '../server/answer.ts';
import type { OnProblem, WebhookHandlers } from '../handlers.ts';
import { decodeImageReview, encodeImageReview } from './image-review.ts';
import type { Body } from '../server/body-reader.ts';
import { encodeMutation } from './mutation-response.ts';
import { malformedReview, peekUid, scanRejection, lockTimeout } from './rejection.ts';
import { createReject, notJudgedStatus, type Call, type Reject } from './reject.ts';
import { encodeReview } from './review-response.ts';
import { parsing } from './json-parse.ts';
import { scanJson, scanning, type ScanFault } from './json-scan.ts';
import { createLargeBodyLock, peekNamespace } from '../server/large-body-lock.ts';

/** Bodies larger than this are parsed one at a time (R19), in steps (R24): the worst of them took tens of milliseconds. */
const maxParallelBytes = 128 * 1024;
/** Milliseconds of one iteration of the event loop for the parsing of a large body. */
const maxSlice = 4;

/** Runs steps, one slice in each iteration of the event loop. */
const inSlices = async <T>(steps: Steps<T>, { remaining }: Pick<Deadline, 'remaining'>): Promise<T> => {
  let began = remaining();
  let step = steps.next();
  while (step.done !== true) {
    if (began - remaining() >= maxSlice) {
      await nextTurn();
      began = remaining();
    }
    step = steps.next();
  }
  return step.value;
};

/** A body that arrived and can be answered. */
type ArrivedBody = Exclude<Body, { readonly state: 'gone' }>;

/** What of a body is parsed in one go, with its batch. */
export const bytesParsedAtOnce = (body: ArrivedBody): number =>
  body.state === 'whole' && body.bytes.length <= maxParallelBytes ? body.bytes.length : 0;

/** The JSON of a body, or the answer when it is not judged. */
type ParsedBody = { readonly json: JsonValue } | { readonly rejected: WebAnswer };

type AnswerJson = (call: Call, json: JsonValue) => Awaitable<WebAnswer>;

/**
 * Why the gate judged nothing. `undefined`: it judged. What comes by `/constraints` may be the Lease of a node: whether it
 * waits for a gate that cannot judge is said by the failure policy of its door, so the answer is no verdict.
 */
const ownFailure = ({ allowed, findings }: Decision): Finding | undefined => {
  const refusals = allowed ? [] : findings.filter(({ mode }) => mode === 'Deny');
  return refusals.every(({ policy }) => policy === '') ? refusals[0] : undefined;
};

/** The answer of each endpoint to the JSON of a body. */
const createEndpoints = (
  handlers: WebhookHandlers,
  reject: Reject,
): Readonly<Record<Call['endpoint'], AnswerJson>> => {
  const ofReview =
    (answer: (request: AdmissionRequest, deadline: Deadline) => Awaitable<WebAnswer>): AnswerJson =>
    (call, json) => {
      const decoded = decodeReview(json, call.caller);
      if (!decoded.ok)
        return reject.readable(call, malformedReview(decoded.error.problem), decoded.error.uid);
      const { uid } = decoded.value;
      return orElse(
        () => answer(decoded.value, call.deadline),
        (error) => reject.unexpected(call, error, uid),
      );
    };

  const validate = ofReview((request, deadline) =>
    andThen(handlers.validate(request, deadline), (decision) => ({
      status: 200,
      text: encodeReview(decision, request.uid),
      decision,
    })),
  );

  const constraints = ofReview((request, deadline) =>
    andThen(handlers.constraints(request, deadline), (decision) => {
      const failure = ownFailure(decision);
      return failure === undefined
        ? { status: 200, text: encodeReview(decision, request.uid), decision }
        : { status: notJudgedStatus, text: jsonError(failure.code, failure.message, decision), decision };
    }),
  );

  const mutate = ofReview((request, deadline) =>
    andThen(handlers.mutate(request, deadline), (mutation) => ({
      status: 200,
      text: encodeMutation(mutation, request.uid),
    })),
  );

  const imageReview: AnswerJson = (call, json) => {
    const decoded = decodeImageReview(json, call.caller);
    if (!decoded.ok) return reject.readable(call, malformedReview(decoded.error));
    return orElse<WebAnswer>(
      () =>
        andThen(handlers.imageReview(decoded.value, call.deadline), (decision) => ({
          status: 200,
          text: encodeImageReview(decision),
          decision,
        })),
      (error) => reject.unexpected(call, error),
    );
  };

  return { validate, constraints, mutate, 'image-review': imageReview };
};

/** Parses bodies that {@link scanJson} bounds: at once, or in steps. */
const createBodyParser = (reject: Reject) => {
  const faulty = (call: Call, fault: ScanFault, bytes: Buffer): ParsedBody => ({
    rejected:
      fault === 'invalid-utf8'
        ? reject.unread(call, scanRejection(fault), bytes)
        : reject.readable(call, scanRejection(fault), peekUid(bytes)),
  });
  const parsed = (call: Call, json: JsonValue | undefined, bytes: Buffer): ParsedBody =>
    json === undefined
      ? { rejected: reject.unread(call, malformedReview('the request body is not JSON'), bytes) }
      : { json };
  return {
    parse: (call: Call, bytes: Buffer): ParsedBody => {
      const fault = scanJson(bytes);
      if (fault !== undefined) return faulty(call, fault, bytes);
      return parsed(call, parseJson(bytes.toString('utf8')), bytes);
    },
    *parsing(call: Call, bytes: Buffer): Steps<ParsedBody> {
      const fault = yield* scanning(bytes);
      if (fault !== undefined) return faulty(call, fault, bytes);
      return parsed(call, yield* parsing(bytes), bytes);
    },
  };
};

/**
 * From the bytes of a call to its answer. Nothing that a client sends or a handler throws becomes an allow. `/mutate`
 * has no verdict and answers with an unchanged object.
 */
export const createDispatch = (handlers: WebhookHandlers, onProblem: OnProblem) => {
  const lock = createLargeBodyLock();
  const reject = createReject(handlers, onProblem);
  const endpoints = createEndpoints(handlers, reject);
  const parser = createBodyParser(reject);

  const parseLarge = async (call: Call, bytes: Buffer): Promise<ParsedBody> => {
    const release = await lock.acquire(peekNamespace(bytes), call.deadline);
    if (release === undefined) return { rejected: reject.unread(call, lockTimeout, bytes) };
    try {
      return await inSlices(parser.parsing(call, bytes), call.deadline);
    } finally {
      // Only parsing is one at a time: a review that waits for evidence must not hold up the others.
      release();
      // A large object takes long to parse and long to judge. Other requests are served in between (R24).
      await nextTurn();
    }
  };

  return (received: Call, body: ArrivedBody): Awaitable<WebAnswer> => {
    if (body.state === 'rejected') return reject.unread(received, body.rejection, body.start);
    const { bytes, mayWait, release } = body;
    const call =
      mayWait === undefined ? received : { ...received, deadline: { ...received.deadline, mayWait } };
    const isLarge = bytes.length > maxParallelBytes;
    return andFinally(
      () =>
        orElse<WebAnswer>(
          () =>
            andThen(isLarge ? parseLarge(call, bytes) : parser.parse(call, bytes), (parsed) =>
              'json' in parsed ? endpoints[call.endpoint](call, parsed.json) : parsed.rejected,
            ),
          (error) => reject.unexpected(call, error, peekUid(bytes)),
        ),
      release,
    );
  };
};
