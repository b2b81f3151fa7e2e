import type { Finding } from './finding.ts';

const parts = /\d+|\D+/g;
const digits = /^\d/;

/** Compares object paths with indices as numbers: `containers[2]` before `containers[10]`. */
export const comparePaths = (a: string, b: string): number => {
  if (a === b) return 0;
  const left = a.match(parts) ?? [];
  const right = b.match(parts) ?? [];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const l = left[at] ?? '';
    const r = right[at] ?? '';
    if (l === r) continue;
    if (digits.test(l) && digits.test(r) && Number(l) !== Number(r)) return Number(l) - Number(r);
    return l < r ? -1 : 1;
  }
  return left.length - right.length;
};

/** Findings are ordered by policy, path (indices as numbers), check. */
export const compareFindings = (a: Finding, b: Finding): number => {
  if (a.policy !== b.policy) return a.policy < b.policy ? -1 : 1;
  const byPath = comparePaths(a.path ?? '', b.path ?? '');
  if (byPath !== 0) return byPath;
  if (a.check !== b.check) return a.check < b.check ? -1 : 1;
  return 0;
};
