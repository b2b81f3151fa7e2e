import type { Finding } from './finding.ts';

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;

/** Where the run of digits, or of anything else, ends that begins at `at`. */
const endOfRun = (text: string, at: number): number => {
  const digits = isDigit(text.charCodeAt(at));
  let end = at + 1;
  while (end < text.length && isDigit(text.charCodeAt(end)) === digits) end += 1;
  return end;
};

/** Compares object paths with indices as numbers: `containers[2]` before `containers[10]`. Each is read once. */
export const comparePaths = (a: string, b: string): number => {
  if (a === b) return 0;
  let inA = 0;
  let inB = 0;
  while (inA < a.length && inB < b.length) {
    const endA = endOfRun(a, inA);
    const endB = endOfRun(b, inB);
    const left = a.slice(inA, endA);
    const right = b.slice(inB, endB);
    if (left !== right) {
      const numbers = isDigit(left.charCodeAt(0)) && isDigit(right.charCodeAt(0));
      if (numbers && Number(left) !== Number(right)) return Number(left) - Number(right);
      return left < right ? -1 : 1;
    }
    inA = endA;
    inB = endB;
  }
  return a.length - inA - (b.length - inB);
};

export const compareTexts = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/**
 * Findings by policy, path (indices as numbers), check. An object has few paths and may have thousands of findings, so
 * the paths are put in order once.
 */
export const inOrder = (findings: readonly Finding[]): readonly Finding[] => {
  const paths = [...new Set(findings.map(({ path = '' }) => path))].sort(comparePaths);
  const places = new Map(paths.map((path, place) => [path, place]));
  const placeOf = ({ path = '' }: Finding): number => places.get(path) ?? 0;
  return [...findings].sort(
    (a, b) => compareTexts(a.policy, b.policy) || placeOf(a) - placeOf(b) || compareTexts(a.check, b.check),
  );
};
