import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendStatus } from './api-server-answer.ts';

/** Which requests a fault befalls; absent parts match everything. */
export interface FaultScope {
  readonly verb?: string | readonly string[];
  /** The plural, e.g. `namespaces`. */
  readonly resource?: string;
  readonly name?: string;
  readonly subresource?: string;
  /** Only lists that go on with a continue token. */
  readonly continued?: boolean;
}
export type FaultKind =
  /** An error answer; 429 with `retryAfter` seconds. */
  | { readonly answer: number; readonly retryAfter?: number; readonly message?: string }
  /** The connection is cut before an answer. */
  | { readonly cut: true }
  /** The connection stays open and nothing comes. */
  | { readonly hang: true }
  /** The answer comes after so many milliseconds. */
  | { readonly slow: number }
  /** 200 with a body that is no JSON. */
  | { readonly badJson: true }
  /** RBAC says no, in the words of the API server. */
  | { readonly forbidden: true };
export type Fault = FaultScope &
  FaultKind & { /** How often; for ever unless told. */ readonly times?: number };

export interface FaultSubject {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly continued: boolean;
}

export interface Faults {
  /** Arms a fault; the returned function disarms it. */
  add(fault: Fault): () => void;
  /** Plays the fault that fits; true when it has dealt with the request. */
  play(subject: FaultSubject, response: ServerResponse): Promise<boolean>;
}

export const createFaults = (user: string): Faults => {
  const armed = new Map<Fault, number>();
  return {
    add: (fault) => {
      armed.set(fault, fault.times ?? Number.POSITIVE_INFINITY);
      return () => armed.delete(fault);
    },
    play: async (subject, response) => {
      const found = [...armed].find(([fault]) => fits(fault, subject));
      if (found === undefined) return false;
      const [fault, left] = found;
      if (left <= 1) armed.delete(fault);
      else armed.set(fault, left - 1);
      return act(fault, subject, response, user);
    },
  };
};

const fits = (fault: Fault, subject: FaultSubject): boolean => {
  const verbs = fault.verb === undefined ? [subject.verb] : [fault.verb].flat();
  return (
    verbs.includes(subject.verb) &&
    (fault.resource ?? subject.resource) === subject.resource &&
    (fault.name ?? subject.name) === subject.name &&
    (fault.subresource ?? subject.subresource) === subject.subresource &&
    (fault.continued ?? subject.continued) === subject.continued
  );
};

const act = async (
  fault: Fault,
  subject: FaultSubject,
  response: ServerResponse,
  user: string,
): Promise<boolean> => {
  if ('slow' in fault) {
    await sleep(fault.slow);
    return false;
  }
  if ('answer' in fault) {
    if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter));
    sendStatus(response, fault.answer, fault.message ?? `fault ${fault.answer} on purpose`);
  } else if ('cut' in fault) {
    response.destroy();
  } else if ('badJson' in fault) {
    response.setHeader('content-type', 'application/json');
    response.end('{"kind": "List", "items": [ {');
  } else if ('forbidden' in fault) {
    sendStatus(response, 403, forbiddenText(subject, user));
  }
  // A hang answers nothing; closing the server ends it.
  return true;
};

const forbiddenText = (subject: FaultSubject, user: string): string => {
  const what = subject.subresource === '' ? subject.resource : `${subject.resource}/${subject.subresource}`;
  const which = subject.name === '' ? what : `${what} "${subject.name}"`;
  const where = subject.namespace === '' ? 'at the cluster scope' : `in the namespace "${subject.namespace}"`;
  return `${which} is forbidden: User "${user}" cannot ${subject.verb} resource "${what}" in API group "${subject.group}" ${where}`;
};
