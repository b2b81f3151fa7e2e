import type { IncomingMessage } from 'node:http';

/** Who may do what; users by name. */
export interface FakeAccounts {
  readonly users?: Readonly<Record<string, FakeUser>>;
  /** What may be pulled without credentials: repositories, `team/*`, or `*`. Nothing unless told. */
  readonly anonymous?: readonly string[];
}
export interface FakeUser {
  readonly password: string;
  /** As `anonymous`; everything unless told. */
  readonly repositories?: readonly string[];
  /** The OAuth2 refresh token of this user (`identitytoken` of a docker config). */
  readonly identityToken?: string;
}

export type AuthorizationKind = 'none' | 'basic' | 'bearer' | 'other';

export interface Authorization {
  readonly kind: AuthorizationKind;
  /** Of Basic. */
  readonly user?: string;
  readonly password?: string;
  /** Of Bearer. */
  readonly token?: string;
}

export const readAuthorization = ({ headers }: IncomingMessage): Authorization => {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ', 2);
  if (scheme === '') return { kind: 'none' };
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', token: value };
  if (scheme.toLowerCase() !== 'basic') return { kind: 'other' };
  const text = Buffer.from(value, 'base64').toString();
  const colon = text.indexOf(':');
  return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
};

const covers = (patterns: readonly string[], repository: string): boolean =>
  patterns.some((pattern) =>
    pattern.endsWith('*') ? repository.startsWith(pattern.slice(0, -1)) : pattern === repository,
  );

/** @param user - Absent: nobody in particular. */
export const mayPull = (accounts: FakeAccounts, user: string | undefined, repository: string): boolean => {
  if (covers(accounts.anonymous ?? [], repository)) return true;
  const found = user === undefined ? undefined : accounts.users?.[user];
  return found !== undefined && covers(found.repositories ?? ['*'], repository);
};

/** @returns the name when the password is right */
export const signIn = (accounts: FakeAccounts, { user = '', password }: Authorization): string | undefined =>
  accounts.users?.[user] !== undefined && accounts.users[user].password === password ? user : undefined;
