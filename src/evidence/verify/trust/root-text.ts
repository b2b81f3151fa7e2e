import { plural } from '../../../core/text/plural.ts';
import type { TrustRootSnapshot } from '../../trust/trust-root.ts';

const dayMs = 86_400_000;

const ageText = (ms: number): string => {
  const days = Math.floor(ms / dayMs);
  return days < 1 ? 'less than a day' : plural(days, 'day');
};

/** `the trust root 'sigstore' (written 41 days ago)`: an old one does not know the log that has just begun. */
export const rootText = (
  { name, writtenAt }: Pick<TrustRootSnapshot, 'name' | 'writtenAt'>,
  now: number,
): string =>
  `the trust root '${name}'${writtenAt === undefined ? '' : ` (written ${ageText(now - writtenAt)} ago)`}`;
