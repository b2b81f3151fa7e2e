import { X509Certificate } from 'node:crypto';
import type { CaAuthorities, CaContent, CaMaterial } from './ca-secret-content.ts';

/** All in milliseconds. */
export interface RotationTiming {
  /** A new CA is made this long before the current one expires. */
  readonly renewBefore: number;
  /** How long a new CA stands in every `caBundle` before it signs: the API server reads it after a moment. */
  readonly settle: number;
  /** How long leaves of an old CA may live on. */
  readonly leafLife: number;
}
const day = 24 * 60 * 60_000;
export const rotationTiming: RotationTiming = {
  renewBefore: 365 * day,
  settle: 60 * 60_000,
  leafLife: 91 * day,
};

/** `waiting`: the new CA is not trusted everywhere, or not for long enough. */
export type RotationStep = 'none' | 'waiting' | 'added' | 'promoted' | 'dropped';

/**
 * Three steps, each written before the next one begins: the new CA is added beside the old one, then it signs, then
 * the old one is removed. At every moment a CA of the bundle has signed every leaf in use.
 */
export const planRotation = async (
  { current, next, previous }: CaAuthorities,
  terms: {
    readonly now: number;
    readonly timing: RotationTiming;
    readonly trusted: (certificate: string) => boolean;
    readonly createCa: () => Promise<CaMaterial>;
  },
): Promise<{ readonly step: RotationStep; readonly next?: CaContent }> => {
  const { now, timing } = terms;
  const expires = Date.parse(new X509Certificate(current.certificate).validTo);
  const kept = previous === undefined ? {} : { previous };
  if (next !== undefined) {
    // With an expired CA nothing works anyway: then there is nothing to wait for.
    const settled = now - next.since >= timing.settle || now >= expires;
    if (!settled || !terms.trusted(next.certificate)) return { step: 'waiting' };
    const { certificate, key } = next;
    return {
      step: 'promoted',
      next: { current: { certificate, key }, previous: { certificate: current.certificate, since: now } },
    };
  }
  if (previous !== undefined && now - previous.since >= timing.leafLife) {
    return { step: 'dropped', next: { current } };
  }
  if (expires - now > timing.renewBefore) return { step: 'none' };
  return { step: 'added', next: { current, next: { ...(await terms.createCa()), since: now }, ...kept } };
};
