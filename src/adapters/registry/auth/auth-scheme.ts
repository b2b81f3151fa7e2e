import { fail, ok, type Result } from '../../../core/result.ts';
import type { CredentialSecret } from '../../../evidence/ports.ts';
import { readableScope } from './scope.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { judgeRealm, type Realm } from './token-realm.ts';
import type { RegistrySettings } from '../settings.ts';

/** The ways to log in that a registry offers, of those that we speak. */
export interface Offer {
  readonly basic: boolean;
  readonly bearer?: { readonly realm: string; readonly service?: string; readonly scope?: string };
}
/** One of them, with what is shown. */
export type Way = BasicWay | TokenWay;
export interface BasicWay {
  readonly scheme: 'basic';
  readonly username: string;
  readonly password: string;
}
export interface TokenWay {
  readonly scheme: 'bearer';
  readonly realm: Realm;
  readonly service?: string;
  /** Absent: the question is only whether the login is good. */
  readonly scope?: string;
}

const maxServiceLength = 512;

const bearerOf = (challenges: readonly Challenge[]): Offer['bearer'] => {
  const parameters = challenges.find(
    ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
  )?.parameters;
  const realm = parameters?.get('realm');
  if (realm === undefined) return undefined;
  const service = parameters?.get('service') ?? '';
  const scope = parameters?.get('scope');
  // Google's registries name none.
  const isUsable = service !== '' && service.length <= maxServiceLength;
  return { realm, ...(isUsable && { service }), ...(scope !== undefined && { scope }) };
};

const mostNamed = 4;

/** `Negotiate and NTLM`: tokens of RFC 9110, so that nothing in them needs an escape. */
const schemesOf = (challenges: readonly Challenge[]): string => {
  const names = [...new Set(challenges.map(({ scheme }) => scheme.slice(0, 32)))];
  return names.slice(0, mostNamed).join(', ') + (names.length > mostNamed ? ' and others' : '');
};

/** @returns why the registry's refusal says nothing that we could follow, `it …` */
export const readOffer = (header: string | undefined): Result<Offer, string> => {
  if (header === undefined) return fail(`it does not say how to log in (no WWW-Authenticate)`);
  const challenges = parseChallenges(header);
  if (!challenges.ok) return fail(`its WWW-Authenticate cannot be read: ${challenges.error}`);
  const bearer = bearerOf(challenges.value);
  const basic = challenges.value.some(({ scheme }) => scheme === 'basic');
  if (basic || bearer !== undefined) return ok({ basic, ...(bearer && { bearer }) });
  if (challenges.value.some(({ scheme }) => scheme === 'bearer')) {
    return fail(`it offers Bearer to log in and names no token server (realm)`);
  }
  const named = schemesOf(challenges.value);
  return fail(`it offers neither Basic nor Bearer to log in${named === '' ? '' : `, but ${named}`}`);
};

type SettingsOf = (host: string) => RegistrySettings;

/** What is at hand to log in, and for what. */
export interface Login {
  readonly host: string;
  readonly secret: CredentialSecret;
  /** `repository:<path>:pull`; absent: the question is only whether the login is good. */
  readonly scope?: string;
}

const tokenWays = (
  realm: Realm,
  { service, scope: wanted }: NonNullable<Offer['bearer']>,
  scope: string | undefined,
): readonly TokenWay[] => {
  const way = { scheme: 'bearer' as const, realm, ...(service !== undefined && { service }) };
  // nvcr.io and others name more in their challenge than reading needs, so the one that we need comes first.
  const first: TokenWay = { ...way, ...(scope !== undefined && { scope }) };
  const anyRepository = realm.isOwn || !realm.isTrusted;
  const other = readableScope(wanted, { ours: scope, anyRepository });
  return other === undefined || other === scope ? [first] : [first, { ...way, scope: other }];
};

const basicWays = (secret: CredentialSecret): readonly Way[] =>
  secret.form === 'basic' ? [{ scheme: 'basic', username: secret.username, password: secret.password }] : [];

/**
 * The ways that fit the login, best first: a token server that may see it, with our scope and then with the one that the
 * registry names; Basic at the registry itself; a token server that is asked anonymously.
 * @returns none when nothing offered fits, or why the token server is not asked
 */
export const waysOf = (
  { basic, bearer }: Offer,
  settingsOf: SettingsOf,
  { host, secret, scope }: Login,
): Result<readonly Way[], string> => {
  const realm = bearer && judgeRealm(bearer.realm, settingsOf(host), settingsOf);
  const tokens = bearer !== undefined && realm?.ok === true ? tokenWays(realm.value, bearer, scope) : [];
  const own = basic ? basicWays(secret) : [];
  if (realm?.ok === true && realm.value.isTrusted) return ok([...tokens, ...own]);
  if (own.length > 0) return ok(own);
  return realm?.ok === false ? realm : ok(tokens);
};

/** Tells the ways of one login apart. */
export const wayKey = (way: Way): string =>
  way.scheme === 'basic' ? 'basic' : JSON.stringify([way.realm.url.href, way.service, way.scope]);
