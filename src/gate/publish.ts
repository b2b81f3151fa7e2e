import type { Decision } from '../core/decision/decision.ts';
import { decisionJson } from '../core/decision/decision-json.ts';
import { recordedDecision } from '../core/decision/limit.ts';

/** Takes a finished decision and its JSON, after the answer was sent. Must not throw, must not block. */
export type DecisionSink = (decision: Decision, json: string) => void;

/**
 * What happens to a decision after its answer was handed to the connection: record, log, metrics, Events. The JSON
 * is made once for all of them. No sink can keep the others from their part, and none can change the answer.
 */
export const createPublish =
  (sinks: readonly DecisionSink[], onBug: (error: unknown) => void) =>
  (made: Decision): void => {
    const decision = recordedDecision(made);
    const json = decisionJson(decision);
    for (const sink of sinks) {
      try {
        sink(decision, json);
      } catch (error) {
        onBug(error);
      }
    }
  };
