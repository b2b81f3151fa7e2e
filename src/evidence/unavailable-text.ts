import type { Unavailable } from '../core/facts/fact.ts';
import { shown } from '../core/decision/shown-text.ts';
import type { RegistryFailure } from './ports.ts';

const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** @example `after 1,204 ms` */
export const spent = (milliseconds: number): string => `after ${grouped(milliseconds)} ms`;

/** @example `3 min`, for ages that people read */
export const age = (milliseconds: number): string => {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes >= 120) return `${Math.floor(minutes / 60)} h`;
  return minutes >= 2 ? `${minutes} min` : `${Math.floor(milliseconds / 1000)} s`;
};

/** Whether it says something of what was pushed. Our own queue says nothing of it. */
const isUnreadable = ({ kind, stage, unreadable }: RegistryFailure): boolean =>
  unreadable === true || (kind === 'limit' && stage !== 'queue');

/**
 * Host, stage, cause, credential and time, since the person who reads it has to know whom to ask.
 * @example `registry.example.com: manifest` / `connection refused, with pull secret shop/regcred, after 1,204 ms`
 */
export const unavailableText = (
  failure: RegistryFailure,
  source: string,
  milliseconds: number,
): Unavailable => ({
  what: shown(`${failure.host}: ${failure.stage}`),
  why: shown(
    `${failure.why}, ${source === 'anonymous' ? 'without a credential' : `with ${source}`}, ${spent(milliseconds)}`,
  ),
  ...(isUnreadable(failure) ? { unreadable: true } : {}),
});

/** What a credential came to, in a word. */
export const outcome: Readonly<Record<RegistryFailure['kind'], string>> = {
  denied: 'denied',
  unreachable: 'no answer',
  refused: 'not asked',
  invalid: 'unusable answer',
  limit: 'too large',
  timeout: 'no answer in time',
};
