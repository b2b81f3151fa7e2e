import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import { failure, outage } from '../network/failure.ts';
import { type HttpRequest, pathOf } from './http.ts';

/**
 * A host asks to wait. Its 503 is an outage; 429 is about how much we asked, and whoever creates Pods decides that: use
 * up a pull limit, and every image would come in as "unavailable" (R25).
 */
export const pausedFailure = (
  status: number,
  stage: RegistryStage,
  name: string,
  why: string,
): RegistryFailure => (status === 503 ? outage(stage, name, why) : failure('paced', stage, name, why));

/** A moment before which a host does not want to be asked, and the status that said so. */
export interface Pause {
  /** Monotonic, in milliseconds. */
  readonly until: number;
  readonly status: number;
}

export interface Pauses {
  /** What holds for this question. */
  of(question: Question): Pause | undefined;
  add(question: Question, pause: Pause): void;
  /** Whether it holds for anybody. */
  any(): boolean;
}

/** What says whom a pause is about. */
type Question = Pick<HttpRequest, 'host' | 'target' | 'account' | 'below'>;

/** Pauses that are remembered at one host; the one that ends first is forgotten for another. */
const mostPauses = 64;

const ofAccount = ({ account = '' }: Question): string => `account ${account}`;
const ofPath = (question: Question): string => `path ${pathOf(question)}`;

/**
 * What a host said with `Retry-After`. 429 is about whoever asked: rates are counted by account, and one namespace that is
 * asked to slow down must not keep others from their images. 503 is about what they asked for. Attack: a tenant asks for a
 * repository that always answers 503 (a proxy cache whose upstream is gone), or a registry of theirs leads there. Were it
 * about the host, they would shut it for everybody, and their own image of that host would be an outage (R25).
 */
export const createPauses = (clock: { monotonic(): number }): Pauses => {
  const pauses = new Map<string, Pause>();
  const alive = (key: string): Pause | undefined => {
    const pause = pauses.get(key);
    if (pause === undefined || pause.until > clock.monotonic()) return pause;
    pauses.delete(key);
    return undefined;
  };
  const makeRoom = (): void => {
    for (const key of pauses.keys()) alive(key);
    if (pauses.size < mostPauses) return;
    const [first] = [...pauses].sort(([, a], [, b]) => a.until - b.until);
    if (first !== undefined) pauses.delete(first[0]);
  };
  return {
    of: (question) => {
      const [own, path] = [alive(ofAccount(question)), alive(ofPath(question))];
      return own === undefined || (path !== undefined && path.until > own.until) ? path : own;
    },
    add: (question, pause) => {
      const key = pause.status === 429 ? ofAccount(question) : ofPath(question);
      if ((alive(key)?.until ?? 0) >= pause.until) return;
      if (!pauses.has(key)) makeRoom();
      pauses.set(key, pause);
    },
    any: () => [...pauses.keys()].some((key) => alive(key) !== undefined),
  };
};

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date.
 * @param date the `Date` header of the same answer: a server whose clock is wrong means the difference
 * @param now milliseconds since 1970, used when there is no such header
 * @returns milliseconds to wait; undefined when there is no header or it cannot be read
 */
export const retryAfter = (
  text: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined => {
  const value = text?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = httpDate(value);
  return at === undefined ? undefined : Math.max(0, at - (httpDate(date?.trim() ?? '') ?? now));
};

/** The two date forms of RFC 9110, 5.6.7 that name their zone. */
const httpDate = (text: string): number | undefined => {
  if (!/^[A-Z][a-z]{2,8}, .{1,24} GMT$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
};
