import type { Decision } from '../core/decision/decision.ts';
import { recordedDecision } from '../core/decision/limit.ts';
import { createDecisionBytes } from './decision-bytes.ts';

/**
 * Takes a finished decision and its JSON, after the answer was sent. Must not throw, must not block.
 * @param json - a part of a larger buffer: who keeps it for long copies it
 */
export type DecisionSink = (decision: Decision, json: Buffer) => void;

/**
 * What happens to a decision after its answer was handed to the connection: record, log, metrics, Events. The JSON
 * is made once for all of them. No sink can keep the others from their part, and none can change the answer.
 */
export const createPublish = (
  sinks: readonly DecisionSink[],
  onBug: (error: unknown) => void,
): ((made: Decision) => void) => {
  const bytesOf = createDecisionBytes();
  return (made) => {
    const decision = recordedDecision(made);
    const json = bytesOf(decision);
    for (const sink of sinks) {
      try {
        sink(decision, json);
      } catch (error) {
        onBug(error);
      }
    }
  };
};
