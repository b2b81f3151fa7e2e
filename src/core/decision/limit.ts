import { shown } from '../text/shown-text.ts';
import { isOfConstraint } from './constraint-findings.ts';
import type { Decision, Omitted } from './decision.ts';
import type { Finding } from './finding.ts';

/** A decision record is at most this many bytes of JSON. */
export const maxDecisionBytes = 64 * 1024;

/** Bytes of the record that the images of one object may take. About thirty usual images fit. */
const maxRecordedImagesBytes = 16 * 1024;

/** Keys, punctuation and codes of one entry. */
const entryBytes = 220;
/** Room for the fields that are no list. */
const headBytes = 8 * 1024;

/** Bytes of a UTF-16 unit in JSON: an escape, its UTF-8, or half of the four bytes of a surrogate pair. */
const unitBytes = (unit: number): number => {
  if (unit < 0x20) return 6;
  if (unit < 0x80) return unit === 0x22 || unit === 0x5c ? 2 : 1;
  return unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
};

const textBytes = (text: string): number => {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) bytes += unitBytes(text.charCodeAt(at));
  return bytes;
};

type Entry = object | string;

/**
 * The size of an entry, with `bytesOf` for the size of a text. Lists are read by index: `for in` makes a text of every
 * index, which cost a review by tag as much as reading its JSON.
 */
const createSize = (bytesOf: (text: string) => number): ((entry: Entry) => number) => {
  const sizeOfValue = (value: unknown): number => {
    if (typeof value === 'string') return bytesOf(value);
    return typeof value === 'object' && value !== null ? sizeOfObject(value) : 0;
  };
  const sizeOfObject = (entry: object): number => {
    let bytes = entryBytes;
    if (Array.isArray(entry)) {
      for (const value of entry as readonly unknown[]) bytes += sizeOfValue(value);
      return bytes;
    }
    for (const key in entry) bytes += sizeOfValue((entry as Readonly<Record<string, unknown>>)[key]);
    return bytes;
  };
  return (entry) => (typeof entry === 'string' ? entryBytes + bytesOf(entry) : sizeOfObject(entry));
};
const sizeOf = createSize(textBytes);

interface Fitted {
  /** Places in the list: texts that are equal are entries of their own. */
  readonly kept: ReadonlySet<number>;
  readonly left: number;
}

/** After so many entries in a row that did not fit, the rest is left out unread: there may be thousands (R24). */
const maxMisses = 64;

/** The entries of a list that fit, tried in this order. An entry that is too large leaves its space to the next ones. */
const fit = (entries: readonly Entry[], budget: number, order: Iterable<number> = entries.keys()): Fitted => {
  const kept = new Set<number>();
  let left = budget;
  let misses = 0;
  for (const at of order) {
    if (left < entryBytes || misses === maxMisses) break;
    const size = sizeOf(entries[at] ?? '');
    misses += 1;
    if (size > left) continue;
    misses = 0;
    left -= size;
    kept.add(at);
  }
  return { kept, left };
};

const keptOf = <T extends Entry>(entries: readonly T[], { kept }: Fitted): readonly T[] =>
  entries.filter((_entry, at) => kept.has(at));

/** No unit takes more: a control character, escaped. */
const maxUnitBytes = 6;
/** At least as much as `sizeOf`, without looking at each character. */
const sizeAtMost = createSize((text) => maxUnitBytes * text.length);

/** Whether the entries need at most so many bytes. Of thousands of findings only the first are measured. */
const needAtMost = (
  budget: number,
  lists: readonly (readonly Entry[])[],
  size: (entry: Entry) => number,
): boolean => {
  let left = budget;
  for (const entries of lists) {
    for (const entry of entries) {
      left -= size(entry);
      if (left < 0) return false;
    }
  }
  return true;
};

/** Few short entries need no counting; texts of the object have at most 512 characters. */
const fits = ({ findings, images, warnings }: Decision, budget: number): boolean => {
  if (findings.length + images.length + warnings.length <= 6) return true;
  const lists = [findings, images, warnings];
  return needAtMost(budget, lists, sizeAtMost) || needAtMost(budget, lists, sizeOf);
};

/** The answer shows what a constraint says in full; the record keeps its ends, on one line. */
export const withShortTexts = (decision: Decision): Decision => {
  const { findings, warnings } = decision;
  if (!findings.some(isOfConstraint)) return decision;
  return {
    ...decision,
    findings: findings.map((finding) =>
      isOfConstraint(finding) ? { ...finding, message: shown(finding.message) } : finding,
    ),
    warnings: warnings.map(shown),
  };
};

const nothing: Omitted = { constraints: 0, policies: 0, warnings: 0 };

/** What the answer would have said of the entries that are left out. */
const omittedFrom = (decision: Decision, kept: Pick<Decision, 'findings' | 'warnings'>): Omitted => {
  const denying = (findings: readonly Finding[], isConstraint: boolean): number =>
    findings.filter((finding) => finding.mode === 'Deny' && isOfConstraint(finding) === isConstraint).length;
  const { constraints, policies, warnings } = decision.omitted ?? nothing;
  return {
    constraints: constraints + denying(decision.findings, true) - denying(kept.findings, true),
    policies: policies + denying(decision.findings, false) - denying(kept.findings, false),
    warnings: warnings + decision.warnings.length - kept.warnings.length,
  };
};

/** Findings of policies that are kept before those of constraints. */
const firstOfPolicies = 8;

/**
 * Places of findings, denying ones first: the cause of a denial matters more than the rest. The first of policies stand before
 * those of constraints, of which one object can have hundreds: else the answer could not say one word of the policies.
 */
const byImportance = (findings: readonly Finding[]): readonly number[] => {
  const first: number[] = [];
  const denying: number[] = [];
  const others: number[] = [];
  for (const [at, finding] of findings.entries()) {
    if (finding.mode !== 'Deny') others.push(at);
    else if (first.length < firstOfPolicies && !isOfConstraint(finding)) first.push(at);
    else denying.push(at);
  }
  return [...first, ...denying, ...others];
};

/**
 * Keeps a decision within 64 KiB by leaving out entries of its lists, and says how many. Half of the space is for
 * findings. Texts of constraints, which the answer shows in full, count as the record has them.
 */
export const limitDecision = (decision: Decision): Decision => {
  const { titles } = decision;
  const budget = maxDecisionBytes - headBytes - (titles === undefined ? 0 : sizeOf(titles));
  const short = withShortTexts(decision);
  if (fits(short, budget)) return decision;
  const entries = decision.findings.length + decision.images.length + decision.warnings.length;
  const findings = fit(short.findings, budget / 2, byImportance(short.findings));
  const images = fit(decision.images, budget / 4 + findings.left / 2);
  const warnings = fit(short.warnings, images.left + findings.left / 2);
  const kept = {
    findings: keptOf(decision.findings, findings),
    images: keptOf(decision.images, images),
    warnings: keptOf(decision.warnings, warnings),
  };
  const truncated = entries - kept.findings.length - kept.images.length - kept.warnings.length;
  if (truncated === 0) return decision;
  return {
    ...decision,
    ...kept,
    truncated: truncated + (decision.truncated ?? 0),
    omitted: omittedFrom(decision, kept),
  };
};

/** So few images fit, whatever they are called. */
const alwaysFit = 4;

/**
 * A decision as it is recorded. Long lists of images are cut, and images with findings are kept first. Otherwise Pods
 * with 64 long image names would push the decisions about others out of the record (R26).
 */
export const recordedDecision = (made: Decision): Decision => {
  const decision = withShortTexts(made);
  const { images, findings, truncated = 0 } = decision;
  if (images.length <= alwaysFit || needAtMost(maxRecordedImagesBytes, [images], sizeAtMost)) return decision;
  const found = new Set(findings.map(({ path }) => path));
  const isFound = (at: number): boolean => found.has(images[at]?.path);
  const places = [...images.keys()];
  const order = [...places.filter(isFound), ...places.filter((at) => !isFound(at))];
  const kept = keptOf(images, fit(images, maxRecordedImagesBytes, order));
  const cut = images.length - kept.length;
  if (cut === 0) return decision;
  return { ...decision, images: kept, truncated: truncated + cut };
};
