import type { ClaimCheckResult, LogProof, TrustedTime } from '../../core/facts/claim.ts';
import { digestOf } from '../content-digest.ts';
import type { TrustedLog } from '../trust/trusted-root.ts';
import type { SignedMaterial } from './form/signed-material.ts';
import { verifyLogEntry } from './log/verify-log-entry.ts';
import type { LoggedSignature } from './log/logged-signature.ts';
import { verifyTimestamp, type VerifiedTimestamp } from './timestamp/verify-timestamp.ts';
import type { SigstoreRoot } from './trust/prepared-root.ts';
import { logNameOf } from './trust/log-name.ts';
import { rootText } from './trust/root-text.ts';
import { isWithin } from './trust/validity.ts';

/** Nothing is believed that is dated later than this after now (S5): clocks differ, but not by more. */
const clockSkewMs = 5 * 60_000;
export const latestTime = (now: number): number => now + clockSkewMs;

/** Who saw the signature, and when: logs and timestamp authorities of one trust root. */
export interface Witnesses {
  readonly logs: readonly LogProof[];
  readonly times: readonly TrustedTime[];
  readonly checks: readonly ClaimCheckResult[];
}

/** The same, and what is told of logs and timestamp authorities that the root does not name. */
export interface RootWitnesses extends Witnesses {
  readonly unknown?: readonly string[];
}

const authorityNameOf = ({ authority: { operator, uri }, signer }: VerifiedTimestamp): string => {
  if (operator !== '') return operator;
  return uri === '' ? digestOf(signer.spki, 'sha256') : uri;
};

const checkOf = (
  check: 'log' | 'timestamp',
  brought: number,
  found: number,
  whys: readonly string[],
): ClaimCheckResult => {
  if (found > 0) return { check, outcome: 'passed' };
  if (brought === 0) return { check, outcome: 'not-made' };
  return { check, outcome: 'failed', why: whys[0] ?? 'none of them counts' };
};

/** A log entry or timestamp that is wrong says nothing, and spoils nothing (G8). */
const stampsOf = (
  { timestamps, stamped }: SignedMaterial,
  { signature }: LoggedSignature,
  root: SigstoreRoot,
  latest: number,
) => {
  const whys: string[] = [];
  const verified: VerifiedTimestamp[] = [];
  let isOfUnknown = false;
  for (const response of timestamps) {
    const stamp = verifyTimestamp(response, stamped ?? signature, root.timestampAuthorities);
    if (!stamp.ok) {
      if (stamp.error.kind === 'wrong') whys.push(`its timestamp ${stamp.error.why}`);
      else isOfUnknown = true;
    } else if (stamp.value.at > latest) whys.push('its timestamp is dated in the future');
    else verified.push(stamp.value);
  }
  return { whys, verified, isOfUnknown };
};

/** A log that signs no time is believed while it is in use: at a time of the same root, else now. */
const isInUse = ({ validFor }: TrustedLog, times: readonly number[], now: number): boolean =>
  times.length === 0 ? isWithin(now, validFor) : times.some((time) => isWithin(time, validFor));

/** What is kept of a candidate may outlive the log: where nobody dates the entry, the end of the log is judged anew each time. */
const proofBy = (log: TrustedLog, root: SigstoreRoot, times: readonly (number | undefined)[]): LogProof => {
  const until = times.some((time) => time !== undefined) ? undefined : log.validFor.end;
  return { trustRoot: root.name, log: logNameOf(log), ...(until !== undefined && { until }) };
};

/** A log may hold one signature twice, dated and not. */
const keepLonger = (logs: Map<string, LogProof>, proof: LogProof): void => {
  if (proof.until === undefined || !logs.has(proof.log)) logs.set(proof.log, proof);
};

/** Which logs hold an entry about the signature. `stampTimes`: when timestamp authorities of the same root saw it. */
const logsOf = (
  { entries, entriesNeed }: SignedMaterial,
  logged: LoggedSignature,
  root: SigstoreRoot,
  { stampTimes, now }: { readonly stampTimes: readonly number[]; readonly now: number },
) => {
  const whys: string[] = [];
  const logs = new Map<string, LogProof>();
  const times: TrustedTime[] = [];
  let isOfUnknown = false;
  for (const entry of entries) {
    if (entry[entriesNeed] === undefined) {
      whys.push(`its log entry has no ${entriesNeed}`);
      continue;
    }
    const held = verifyLogEntry(entry, logged, root.tlogs);
    if (!held.ok) {
      if (held.error.kind === 'wrong') whys.push(`its log entry ${held.error.why}`);
      else isOfUnknown = true;
      continue;
    }
    const { log, at } = held.value;
    if (at !== undefined && at > latestTime(now)) whys.push('its log entry is dated in the future');
    else if (at === undefined && !isInUse(log, stampTimes, now)) whys.push('its log was not in use then');
    else {
      const name = logNameOf(log);
      keepLonger(logs, proofBy(log, root, [at, ...stampTimes]));
      if (at !== undefined) times.push({ trustRoot: root.name, from: 'log', authority: name, at });
    }
  }
  return { whys, logs: [...logs.values()], times, isOfUnknown };
};

/** @param now milliseconds since 1970 */
export const witnessesOf = (
  material: SignedMaterial,
  logged: LoggedSignature,
  root: SigstoreRoot,
  now: number,
): RootWitnesses => {
  const stamps = stampsOf(material, logged, root, latestTime(now));
  const stampTimes = stamps.verified.map(({ at }) => at);
  const { logs, times, ...entries } = logsOf(material, logged, root, { stampTimes, now });
  const notNamed = `${rootText(root, now)} does not name`;
  const unknownLog = entries.isOfUnknown
    ? [`its log entry is of a log that ${notNamed}: a newer root may know it`]
    : [];
  const unknownAuthority = stamps.isOfUnknown
    ? [`its timestamp is of an authority that ${notNamed} for its time: a newer root may know it`]
    : [];
  const stamped = stamps.verified.map((stamp): TrustedTime => ({
    trustRoot: root.name,
    from: 'timestamp',
    authority: authorityNameOf(stamp),
    at: stamp.at,
  }));
  return {
    logs,
    times: [...times, ...stamped],
    unknown: [...unknownLog, ...unknownAuthority],
    checks: [
      // What is wrong for sure is told first.
      checkOf('log', material.entries.length, logs.length, [...entries.whys, ...unknownLog]),
      checkOf('timestamp', material.timestamps.length, stamps.verified.length, [
        ...stamps.whys,
        ...unknownAuthority,
      ]),
    ],
  };
};

/** What all of several trust roots say. */
export const uniteWitnesses = (all: readonly Witnesses[]): Witnesses => {
  const checks = (['log', 'timestamp'] as const).flatMap((name) => {
    const made = all.flatMap((one) => one.checks.filter(({ check }) => check === name));
    const order = ['passed', 'failed', 'not-made'] as const;
    const best = order.flatMap((outcome) => made.filter((one) => one.outcome === outcome))[0];
    return best === undefined ? [] : [best];
  });
  return { logs: all.flatMap(({ logs }) => logs), times: all.flatMap(({ times }) => times), checks };
};
