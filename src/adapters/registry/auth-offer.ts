import { fail, ok, type Result } from '../../core/result.ts';
import type { CredentialSecret } from '../../evidence/ports.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { judgeRealm, type Realm } from './realms.ts';
import type { RegistrySettings } from './settings.ts';

/** The ways to log in that a registry offers, of those that we speak. */
export interface Offer {
  readonly basic: boolean;
  readonly bearer?: { readonly realm: string; readonly service?: string };
}
/** The one that is taken. */
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
}

const maxServiceLength = 512;

const bearerOf = (challenges: readonly Challenge[]): Offer['bearer'] => {
  const parameters = challenges.find(
    ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
  )?.parameters;
  const realm = parameters?.get('realm');
  if (realm === undefined) return undefined;
  const service = parameters?.get('service') ?? '';
  // Google's registries name none.
  const isUsable = service !== '' && service.length <= maxServiceLength;
  return { realm, ...(isUsable && { service }) };
};

/** @returns why the registry's refusal says nothing that we could follow, as a sentence */
export const readOffer = (host: string, header: string | undefined): Result<Offer, string> => {
  if (header === undefined) return fail(`${host} does not say how to log in`);
  const challenges = parseChallenges(header);
  if (!challenges.ok) return fail(`The WWW-Authenticate of ${host} cannot be read: ${challenges.error}`);
  const bearer = bearerOf(challenges.value);
  const basic = challenges.value.some(({ scheme }) => scheme === 'basic');
  if (!basic && bearer === undefined) return fail(`${host} offers neither Basic nor Bearer to log in`);
  return ok({ basic, ...(bearer && { bearer }) });
};

export const isSameOffer = (one: Offer, other: Offer): boolean =>
  one.basic === other.basic &&
  one.bearer?.realm === other.bearer?.realm &&
  one.bearer?.service === other.bearer?.service;

/**
 * Takes a token server that may see the credential, else Basic at the registry itself, else a token server that is asked
 * anonymously.
 * @returns undefined when nothing offered fits what we have, or why the token server is not asked
 */
export const choose = (
  { basic, bearer }: Offer,
  settings: RegistrySettings,
  secret: CredentialSecret,
): Result<Way | undefined, string> => {
  const realm = bearer && judgeRealm(bearer.realm, settings);
  const service = bearer?.service;
  const byToken = (realm: Realm): Result<Way, string> =>
    ok({ scheme: 'bearer', realm, ...(service !== undefined && { service }) });
  if (realm?.ok === true && realm.value.isTrusted) return byToken(realm.value);
  if (basic && secret.form === 'basic') {
    return ok({ scheme: 'basic', username: secret.username, password: secret.password });
  }
  if (realm === undefined) return ok(undefined);
  return realm.ok ? byToken(realm.value) : realm;
};
