import { type Answer, send } from './registry-answer.ts';
import type { Arrival } from './registry-listener.ts';

/** Which requests a fault befalls; absent parts match everything. */
export interface FaultScope {
  /** On path and query; a text matches anywhere in it. */
  readonly path?: RegExp | string;
  readonly method?: string;
  /** Only the nth request that fits, from 1. */
  readonly nth?: number;
  /** How often; for ever unless told. */
  readonly times?: number;
}

/** A request that a fault has taken over: it must be answered, or left without an answer on purpose. */
export interface FaultedExchange extends Arrival {
  /** Which time the fault strikes, from 1. */
  readonly round: number;
  /** What would have been answered; authentication is in it. */
  readonly truth: () => Answer;
  /** Answers and closes the case. */
  readonly send: (answer: Answer) => void;
}
export type Fault = (exchange: FaultedExchange) => void | Promise<void>;
/** Arms a fault; the returned function disarms it. The first one armed that fits is played. */
export type ArmFault = (scope: FaultScope, fault: Fault) => () => void;

export interface ArmedFaults {
  readonly arm: ArmFault;
  /** @returns the answer to send, or nothing when a fault has dealt with the request */
  play(arrival: Arrival, truth: () => Answer): Promise<Answer | undefined>;
}

interface Armed {
  readonly scope: FaultScope;
  readonly fault: Fault;
  fitting: number;
  struck: number;
}

const fits = ({ path, method }: FaultScope, { request, url }: Arrival): boolean => {
  const target = `${url.pathname}${url.search}`;
  if (method !== undefined && method !== request.method) return false;
  if (path === undefined) return true;
  return typeof path === 'string' ? target.includes(path) : target.search(path) >= 0;
};

const strikes = (armed: Armed, arrival: Arrival): boolean => {
  if (!fits(armed.scope, arrival)) return false;
  armed.fitting += 1;
  const { nth, times = Number.POSITIVE_INFINITY } = armed.scope;
  return (nth === undefined || nth === armed.fitting) && armed.struck < times;
};

export const createArmedFaults = (): ArmedFaults => {
  const faults = new Set<Armed>();
  return {
    arm: (scope, fault) => {
      const armed = { scope, fault, fitting: 0, struck: 0 };
      faults.add(armed);
      return () => faults.delete(armed);
    },
    play: async (arrival, makeTruth) => {
      let made: Answer | undefined;
      const truth = (): Answer => (made ??= makeTruth());
      const armed = [...faults].find((one) => strikes(one, arrival));
      if (armed === undefined) return truth();
      armed.struck += 1;
      await armed.fault({
        ...arrival,
        round: armed.struck,
        truth,
        send: (answer) => send(arrival.response, answer),
      });
      return undefined;
    },
  };
};
