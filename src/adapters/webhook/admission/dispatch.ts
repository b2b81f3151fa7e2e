import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsonValue } from '../../../core/text/json/json.ts';
import type { Steps } from '../../../core/steps.ts';
import type { Deadline } from '../../../gate/deadline.ts';
import { decodeReview } from './admission-review.ts';
import type { Answer } from '../server/answer.ts';
import type { OnProblem, WebhookHandlers } from '../handlers.ts';
import { decodeImageReview, encodeImageReview } from './image-review.ts';
import type { Body } from '../server/body-reader.ts';
import { encodeMutation } from './mutation-response.ts';
import { malformed, peekUid, scanRefusal, turnTooLate } from './rejection.ts';
import { createRefuse } from './reject.ts';
import type { Call, Refuse } from './reject.ts';
import { encodeReview } from './review-response.ts';
import { parseText, parsing } from './json-parse.ts';
import { scanJson, scanning } from './json-scan.ts';
import type { ScanFault } from './json-scan.ts';
import { createTurns, peekNamespace } from '../server/large-body-lock.ts';

/** Bodies larger than this are parsed one at a time (R19), in steps (R24): the worst of them took tens of milliseconds. */
const largeBody = 128 * 1024;
/** Milliseconds of one turn of the event loop for the parsing of a large body. */
const slice = 4;

/** Goes on a slice a turn of the event loop, until the end. */
const inSlices = async <T>(steps: Steps<T>, { remaining }: Pick<Deadline, 'remaining'>): Promise<T> => {
  let began = remaining();
  let step = steps.next();
  while (step.done !== true) {
    if (began - remaining() >= slice) {
      await nextTurn();
      began = remaining();
    }
    step = steps.next();
  }
  return step.value;
};

/** What arrived and can be answered. */
export type ArrivedBody = Exclude<Body, { readonly state: 'gone' }>;

/** The JSON of a body, or why it is answered without being judged. */
type Arrived = { readonly json: JsonValue } | { readonly refused: Answer };

type AnswerJson = (call: Call, json: JsonValue) => Promise<Answer>;

/** What each door makes of the JSON that came. */
const createDoors = (
  handlers: WebhookHandlers,
  refuse: Refuse,
): Readonly<Record<Call['endpoint'], AnswerJson>> => {
  const judgeReview = async (call: Call, json: JsonValue): Promise<Answer> => {
    const decoded = decodeReview(json, call.caller);
    if (!decoded.ok) return refuse.readable(call, malformed(decoded.error.problem), decoded.error.uid);
    const { uid } = decoded.value;
    try {
      const decision = await handlers.validate(decoded.value, call.deadline);
      return { status: 200, text: encodeReview(decision, uid), decision };
    } catch (error) {
      return refuse.unexpected(call, error, uid);
    }
  };

  const mutate = async (call: Call, json: JsonValue): Promise<Answer> => {
    const decoded = decodeReview(json, call.caller);
    if (!decoded.ok) return refuse.readable(call, malformed(decoded.error.problem), decoded.error.uid);
    const { uid } = decoded.value;
    try {
      return {
        status: 200,
        text: encodeMutation(await handlers.mutate(decoded.value, call.deadline), uid),
      };
    } catch (error) {
      return refuse.unexpected(call, error, uid);
    }
  };

  const judgeImages = async (call: Call, json: JsonValue): Promise<Answer> => {
    const decoded = decodeImageReview(json, call.caller);
    if (!decoded.ok) return refuse.readable(call, malformed(decoded.error));
    try {
      const decision = await handlers.imageReview(decoded.value, call.deadline);
      return { status: 200, text: encodeImageReview(decision), decision };
    } catch (error) {
      return refuse.unexpected(call, error);
    }
  };

  return { validate: judgeReview, mutate, 'image-review': judgeImages };
};

/**
 * From the bytes of a call to its answer. Nothing that a client sends or a handler throws becomes an allow; `/mutate`,
 * which has no verdict, answers it with an object left as it is.
 */
export const createJudge = (handlers: WebhookHandlers, onProblem: OnProblem) => {
  const turns = createTurns();
  const refuse = createRefuse(handlers, onProblem);
  const doors = createDoors(handlers, refuse);

  const faulty = (call: Call, fault: ScanFault, bytes: Buffer): Answer =>
    fault === 'invalid-utf8'
      ? refuse.unread(call, scanRefusal(fault), bytes)
      : refuse.readable(call, scanRefusal(fault), peekUid(bytes));
  const arrivedAs = (call: Call, json: JsonValue | undefined, bytes: Buffer): Arrived =>
    json === undefined
      ? { refused: refuse.unread(call, malformed('the request body is not JSON'), bytes) }
      : { json };

  const read = (call: Call, bytes: Buffer): Arrived => {
    const fault = scanJson(bytes);
    if (fault !== undefined) return { refused: faulty(call, fault, bytes) };
    return arrivedAs(call, parseText(bytes.toString('utf8')), bytes);
  };

  function* reading(call: Call, bytes: Buffer): Steps<Arrived> {
    const fault = yield* scanning(bytes);
    if (fault !== undefined) return { refused: faulty(call, fault, bytes) };
    return arrivedAs(call, yield* parsing(bytes), bytes);
  }

  const judgeBytes = (call: Call, bytes: Buffer): Promise<Answer> | Answer => {
    const arrived = read(call, bytes);
    return 'json' in arrived ? doors[call.endpoint](call, arrived.json) : arrived.refused;
  };

  const judgeLarge = async (call: Call, bytes: Buffer): Promise<Answer> => {
    const giveBack = await turns.take(peekNamespace(bytes), call.deadline);
    if (giveBack === undefined) return refuse.unread(call, turnTooLate, bytes);
    let arrived: Arrived;
    try {
      arrived = await inSlices(reading(call, bytes), call.deadline);
    } finally {
      // Only the parsing is one at a time: a review that waits for evidence must not hold up the others.
      giveBack();
    }
    if (!('json' in arrived)) return arrived.refused;
    // What is large takes long to parse, and long to judge: everybody else is served in between (R24).
    await nextTurn();
    return doors[call.endpoint](call, arrived.json);
  };

  return async (arrived: Call, body: ArrivedBody): Promise<Answer> => {
    if (body.state === 'refused') return refuse.unread(arrived, body.refusal, body.start);
    const { bytes, mayWait, release } = body;
    const call = mayWait === undefined ? arrived : { ...arrived, deadline: { ...arrived.deadline, mayWait } };
    try {
      return await (bytes.length > largeBody ? judgeLarge(call, bytes) : judgeBytes(call, bytes));
    } catch (error) {
      return refuse.unexpected(call, error, peekUid(bytes));
    } finally {
      release();
    }
  };
};
