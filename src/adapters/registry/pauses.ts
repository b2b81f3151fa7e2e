import type { RegistryFailure, RegistryStage } from '../../evidence/ports.ts';
import { failure, outage } from './failure.ts';

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
  /** What holds for whoever asks in the name of this account. */
  of(account: string | undefined): Pause | undefined;
  add(account: string | undefined, pause: Pause): void;
  /** Whether it holds for anybody. */
  any(): boolean;
}

/** Accounts that are remembered at one host; the one whose pause ends first is forgotten for another. */
const mostAccounts = 64;
const everybody = '';

/**
 * What a host said with `Retry-After`. 429 is about whoever asked: rates are counted by account, and one namespace that is
 * asked to slow down must not keep others from their images. 503 is about the host, hence about everybody.
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
    if (pauses.size < mostAccounts) return;
    const [first] = [...pauses].sort(([, a], [, b]) => a.until - b.until);
    if (first !== undefined) pauses.delete(first[0]);
  };
  return {
    of: (account) => {
      const own = alive(account ?? everybody);
      const all = alive(everybody);
      return own === undefined || (all !== undefined && all.until > own.until) ? all : own;
    },
    add: (account, pause) => {
      const key = pause.status === 429 ? (account ?? everybody) : everybody;
      if ((alive(key)?.until ?? 0) >= pause.until) return;
      if (!pauses.has(key)) makeRoom();
      pauses.set(key, pause);
    },
    any: () => [...pauses.keys()].some((key) => alive(key) !== undefined),
  };
};
