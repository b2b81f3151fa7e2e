/** What happens when a finding exists: refuse, allow with a warning to the user, or only record. */
export type Mode = 'Deny' | 'Warn' | 'Audit';

/** The stricter of two modes: Deny > Warn > Audit. */
export const strictest = (a: Mode, b: Mode): Mode => {
  if (a === 'Deny' || b === 'Deny') return 'Deny';
  return a === 'Warn' || b === 'Warn' ? 'Warn' : 'Audit';
};
