import { fail, ok, type Result } from '../../../core/result.ts';
import type { CredentialSecret } from '../../../evidence/ports.ts';
import { readableScope } from './scope.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { checkRealm, type TokenRealm } from './token-realm.ts';
import type { RegistrySettings } from '../settings.ts';

/** The authentication schemes that a registry offers and the gate supports. */
export interface OfferedSchemes {
  readonly basic: boolean;
  readonly bearer?: { readonly realm: string; readonly service?: string; readonly scope?: string };
}
/** One scheme, with everything that a login needs. */
export type AuthScheme = BasicScheme | BearerScheme;
interface BasicScheme {
  readonly scheme: 'basic';
  readonly username: string;
  readonly password: string;
}
export interface BearerScheme {
  readonly scheme: 'bearer';
  readonly realm: TokenRealm;
  readonly service?: string;
  /** Absent: the request only tests whether the login is good. */
  readonly scope?: string;
}

const maxServiceLength = 512;

const bearerOf = (challenges: readonly Challenge[]): OfferedSchemes['bearer'] => {
  const parameters = challenges.find(
    ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
  )?.parameters;
  const realm = parameters?.get('realm');
  if (realm === undefined) return undefined;
  const service = parameters?.get('service') ?? '';
  const scope = parameters?.get('scope');
  // Google's registries name no service.
  const isUsable = service !== '' && service.length <= maxServiceLength;
  return { realm, ...(isUsable && { service }), ...(scope !== undefined && { scope }) };
};

const maxNamedSchemes = 4;

/** `Negotiate and NTLM`: tokens of RFC 9110, so that nothing in them needs an escape. */
const schemeNames = (challenges: readonly Challenge[]): string => {
  const names = [...new Set(challenges.map(({ scheme }) => scheme.slice(0, 32)))];
  return names.slice(0, maxNamedSchemes).join(', ') + (names.length > maxNamedSchemes ? ' and others' : '');
};

/** @returns why the challenge cannot be followed, `it …` */
export const readOfferedSchemes = (header: string | undefined): Result<OfferedSchemes, string> => {
  if (header === undefined) return fail(`it does not say how to log in (no WWW-Authenticate)`);
  const challenges = parseChallenges(header);
  if (!challenges.ok) return fail(`its WWW-Authenticate cannot be read: ${challenges.error}`);
  const bearer = bearerOf(challenges.value);
  const basic = challenges.value.some(({ scheme }) => scheme === 'basic');
  if (basic || bearer !== undefined) return ok({ basic, ...(bearer && { bearer }) });
  if (challenges.value.some(({ scheme }) => scheme === 'bearer')) {
    return fail(`it offers Bearer to log in and names no token server (realm)`);
  }
  const named = schemeNames(challenges.value);
  return fail(`it offers neither Basic nor Bearer to log in${named === '' ? '' : `, but ${named}`}`);
};

type SettingsOf = (host: string) => RegistrySettings;

/** The credential of a login, and its purpose. */
export interface Login {
  readonly host: string;
  readonly secret: CredentialSecret;
  /** `repository:<path>:pull`. Absent: the request only tests whether the login is good. */
  readonly scope?: string;
}

const bearerSchemes = (
  realm: TokenRealm,
  { service, scope: wanted }: NonNullable<OfferedSchemes['bearer']>,
  scope: string | undefined,
): readonly BearerScheme[] => {
  const common = { scheme: 'bearer' as const, realm, ...(service !== undefined && { service }) };
  // nvcr.io and others name more scopes in their challenge than a read needs, so the needed scope comes first.
  const first: BearerScheme = { ...common, ...(scope !== undefined && { scope }) };
  const anyRepository = realm.isOwn || !realm.isTrusted;
  const other = readableScope(wanted, { ours: scope, anyRepository });
  return other === undefined || other === scope ? [first] : [first, { ...common, scope: other }];
};

const basicSchemes = (secret: CredentialSecret): readonly AuthScheme[] =>
  secret.kind === 'basic' ? [{ scheme: 'basic', username: secret.username, password: secret.password }] : [];

/**
 * The schemes that fit the login, best first: a token server that may see it, with the scope of the gate and then with the
 * scope of the registry; Basic at the registry itself; a token server without the login.
 * @returns an empty list when no offered scheme fits; the error says why the token server is not asked
 */
export const usableSchemes = (
  { basic, bearer }: OfferedSchemes,
  settingsOf: SettingsOf,
  { host, secret, scope }: Login,
): Result<readonly AuthScheme[], string> => {
  const realm = bearer && checkRealm(bearer.realm, settingsOf(host), settingsOf);
  const tokens = bearer !== undefined && realm?.ok === true ? bearerSchemes(realm.value, bearer, scope) : [];
  const own = basic ? basicSchemes(secret) : [];
  if (realm?.ok === true && realm.value.isTrusted) return ok([...tokens, ...own]);
  if (own.length > 0) return ok(own);
  return realm?.ok === false ? realm : ok(tokens);
};

/** A key of the scheme among those that one login may use. */
export const schemeKey = (scheme: AuthScheme): string =>
  scheme.scheme === 'basic' ? 'basic' : JSON.stringify([scheme.realm.url.href, scheme.service, scheme.scope]);
