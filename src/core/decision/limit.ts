import type { Decision } from './decision.ts';

/** A decision record is at most this many bytes of JSON. */
export const decisionLimit = 64 * 1024;

// JSON needs at most 3 bytes of UTF-8 for a UTF-16 unit once `shown` has escaped what JSON would; quotes and
// backslashes double. Every entry also has its keys and codes.
const unitBytes = 3;
const entryBytes = 220;
/** Room for the fields that are no list. */
const headBytes = 8 * 1024;

const lengthOf = (text: string | undefined): number => (text?.length ?? 0) * unitBytes;

const sizeOf = (entry: object): number => {
  let size = entryBytes;
  for (const value of Object.values(entry)) if (typeof value === 'string') size += lengthOf(value);
  return size;
};

/** How many entries of a list fit into what is left of the budget. */
const fitting = (entries: readonly (object | string)[], budget: number): { count: number; left: number } => {
  let left = budget;
  let count = 0;
  for (const entry of entries) {
    const size = typeof entry === 'string' ? entryBytes + lengthOf(entry) : sizeOf(entry);
    if (size > left) break;
    left -= size;
    count++;
  }
  return { count, left };
};

/**
 * Keeps a decision within 64 KiB by leaving out entries at the end of its lists, and says how many.
 * Half of the room is kept for findings: why something was denied matters more than what else it holds.
 */
export const limitDecision = (decision: Decision): Decision => {
  const budget = decisionLimit - headBytes;
  const entries = decision.findings.length + decision.images.length + decision.warnings.length;
  if (entries * 1024 < budget && entries < 16) {
    const all = [...decision.findings, ...decision.images, ...decision.warnings];
    if (fitting(all, budget).count === entries) return decision;
  }
  // A denied record must show a reason for the denial, so findings that deny come first into the room.
  const denying = decision.findings.filter((finding) => finding.mode === 'Deny');
  const other = decision.findings.filter((finding) => finding.mode !== 'Deny');
  const findings = fitting([...denying, ...other], budget / 2);
  const images = fitting(decision.images, budget / 4 + findings.left / 2);
  const warnings = fitting(decision.warnings, images.left + findings.left / 2);
  const truncated = entries - findings.count - images.count - warnings.count;
  if (truncated === 0) return decision;
  const kept = new Set([...denying, ...other].slice(0, findings.count));
  return {
    ...decision,
    findings: decision.findings.filter((finding) => kept.has(finding)),
    images: decision.images.slice(0, images.count),
    warnings: decision.warnings.slice(0, warnings.count),
    truncated,
  };
};
