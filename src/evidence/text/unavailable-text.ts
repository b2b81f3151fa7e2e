import type { Unavailable } from '../../core/facts/fact.ts';
import { shown, shownBriefly, shownName } from '../../core/text/shown-text.ts';
import type { RegistryFailure } from '../ports.ts';

const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(?:\d{3}){1,8}$)/g, ',');

/** @example `after 1,204 ms` */
export const spent = (milliseconds: number): string => `after ${grouped(milliseconds)} ms`;

/** @example `3 min`, for ages that people read */
export const age = (milliseconds: number): string => {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes >= 120) return `${Math.floor(minutes / 60)} h`;
  return minutes >= 2 ? `${minutes} min` : `${Math.floor(milliseconds / 1000)} s`;
};

/** Whether the failure is about the pushed content, so that another read changes nothing. */
const isFinal = ({ kind, unreadable }: RegistryFailure): boolean => unreadable === true || kind === 'limit';

const rows = '`registries:` in the configuration of the gate';

/** What helps, by what went wrong: to try again is said only where that may change something. */
const remedies: Readonly<Record<RegistryFailure['kind'], string>> = {
  denied: `give the Pod a pull secret that may read the image, or the gate a login under ${rows}`,
  unreachable: `try again when its registry answers; if it stays, look at the address, the network and ${rows}`,
  timeout: `try again: what was begun is read on; if it stays, look whether its registry is slow, or the timeout under ${rows} too short`,
  paced:
    'try again in a moment; a login of your own usually has a higher limit at this registry than nobody has',
  busy: 'try again in a moment: too much was asked of the gate at the same time, by this namespace before all',
  refused: `correct the name of the image, or what ${rows} says of this host`,
  invalid: `look at what answers under this address: a proxy, a portal, or another service; then at ${rows}`,
  limit: 'make the image smaller, with fewer platforms, labels or layers, or name fewer images in one object',
};

const rebuild =
  'build the image with a current tool and push it again: what was read of it cannot be judged, and `onUnavailable` does not excuse that';
/** Advice for failures that a retry does not mend: an untrusted certificate, a name that does not exist. */
const noOutage = `correct what the detail names: the name of the image, the address, the certificate, or ${rows}`;

export const remedyOf = (failure: RegistryFailure): string => {
  const { kind, excusable, remedy } = failure;
  if (kind === 'invalid' && isFinal(failure)) return rebuild;
  if (kind === 'unreachable' && excusable !== true) return remedy ?? noOutage;
  return remedy ?? remedies[kind];
};

/**
 * Host, stage, cause, credential and time, since the person who reads it has to know whom to ask.
 * @example `registry.example.com: manifest` / `connection refused, with pull secret shop/regcred, after 1,204 ms`
 */
export const unavailableText = (
  failure: RegistryFailure,
  source: string,
  milliseconds: number,
): Unavailable => ({
  what: shown(`${shownName(failure.host)}: ${failure.stage}`),
  why: shown(
    `${failure.why}, ${source === 'anonymous' ? 'without a credential' : `with ${shownSource(source)}`}, ${spent(milliseconds)}`,
  ),
  remedy: remedyOf(failure),
  ...(isFinal(failure) ? { final: true } : {}),
  ...(failure.excusable === true ? { excusable: true } : {}),
});

/** Longest name of a credential within a text about something else. Its kind is at its beginning. */
const maxSourceLength = 96;
export const shownSource = (source: string): string => shownBriefly(source, maxSourceLength);

/** The result of a credential in a word. */
export const outcome: Readonly<Record<RegistryFailure['kind'], string>> = {
  denied: 'denied',
  unreachable: 'no answer',
  paced: 'told to wait',
  busy: 'not asked, too busy',
  refused: 'not asked',
  invalid: 'unusable answer',
  limit: 'too large',
  timeout: 'no answer in time',
};
