import type { TrustedLog } from '../../trust/trusted-root.ts';

/** Two logs of one operator are one: a threshold counts who watches, not how many entries there are (S6). */
export const logNameOf = ({ operator, baseUrl }: TrustedLog): string =>
  operator === '' ? baseUrl : operator;
