import type { Clock } from '../../../concurrency/clock.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Credential, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';
import type { BearerScheme, AuthScheme } from './auth-scheme.ts';
import { because, failureOf, type Remark } from '../client/failure.ts';
import type { RegistryHttp } from '../http/http.ts';
import { remarkOnRealm } from './token-realm.ts';
import { requestToken, basicAuthorization, type Token, type TokenRequest } from './token.ts';
import { createTokenCache, type TokenKey } from './token-cache.ts';

export interface AuthorizationOptions {
  readonly http: RegistryHttp;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A credential, and what it is to read. */
export interface AuthContext {
  readonly host: string;
  /** Absent: the request only tests whether the credential is good. */
  readonly repository?: string;
  readonly credential: Credential;
  readonly budget: ReadBudget;
}

/** The authorization of one request. */
export interface Authorization {
  /** The value of `Authorization`. Absent: the header is not sent. */
  readonly header?: string;
  /** The token in it, when a token server gave it. */
  readonly token?: { readonly key: TokenKey; readonly text: string; readonly isFresh: boolean };
  /** The token server, for people. */
  readonly realm?: string;
  /** Why the credential was not shown to the token server (B28), and what to do about it. */
  readonly withheld?: Remark;
}

export interface Authorizations {
  authorize(context: AuthContext, scheme: AuthScheme): Promise<Result<Authorization, RegistryFailure>>;
  /** Drops the token of an authorization that was refused. */
  invalidate(authorization: Authorization): void;
}

const noTime = (host: string): RegistryFailure =>
  failureOf(
    { host, stage: 'token' },
    'timeout',
    `the time of this review was over before ${host} gave a token`,
  );

const noBytes = (host: string): RegistryFailure =>
  failureOf(
    { host, stage: 'token' },
    'limit',
    `the token of ${host} was not read: this review may read no more from registries`,
  );

/** A token server sees the credential only when it belongs to the registry (B28). */
const tokenRequestFor = (
  { host, credential }: AuthContext,
  { realm, service, scope }: BearerScheme,
): TokenRequest => {
  return {
    realm: realm.url,
    ...(service !== undefined && { service }),
    ...(scope !== undefined && { scope }),
    secret: realm.isTrusted ? credential.secret : { kind: 'none' },
    // Attack: a registry names the token server of somebody else, which answers 429. The limit must hold for this registry alone.
    account: realm.isTrusted ? credential.key : `nobody at ${host}`,
  };
};

const remarkFor = ({ host, credential }: AuthContext, { realm }: BearerScheme): Remark | undefined =>
  realm.isTrusted || credential.secret.kind === 'none' ? undefined : remarkOnRealm(realm, host);

/**
 * Tokens are cached for 80 % of their life, by registry, token server, scope and credential. Concurrent requests share one
 * question.
 */
export const createAuthorizations = ({ http, clock }: AuthorizationOptions): Authorizations => {
  const tokens = createTokenCache(clock);

  const fetchToken = async (
    context: AuthContext,
    scheme: BearerScheme,
    key: TokenKey,
  ): Promise<Result<Token, RegistryFailure>> => {
    const host = shown(scheme.realm.url.host);
    const request = tokenRequestFor(context, scheme);
    const token = await tokens.obtain(key, context.budget, (shared) => requestToken(http, request, shared));
    if (token === undefined) return fail(noTime(host));
    return token.ok && !context.budget.take(token.value.size) ? fail(noBytes(host)) : token;
  };

  const authorizeByToken = async (
    context: AuthContext,
    scheme: BearerScheme,
  ): Promise<Result<Authorization, RegistryFailure>> => {
    const key: TokenKey = {
      host: context.host,
      server: JSON.stringify([scheme.realm.url.href, scheme.service]),
      scope: scheme.scope ?? '',
      // When the token server is listed later, a token that was fetched without the credential must not be used any more.
      credential: scheme.realm.isTrusted ? context.credential.key : '',
    };
    const remark = remarkFor(context, scheme);
    const bearerOf = (text: string, isFresh: boolean): Result<Authorization, never> =>
      ok({
        header: `Bearer ${text}`,
        token: { key, text, isFresh },
        realm: shown(`${scheme.realm.url.origin}${scheme.realm.url.pathname}`),
        ...(remark !== undefined && { withheld: remark }),
      });
    const kept = tokens.get(key);
    if (kept !== undefined) return bearerOf(kept, false);
    const token = await fetchToken(context, scheme, key);
    return token.ok ? bearerOf(token.value.text, true) : fail(because(token.error, remark));
  };

  return {
    authorize: async (context, scheme) =>
      scheme.scheme === 'bearer'
        ? authorizeByToken(context, scheme)
        : ok({ header: basicAuthorization(scheme.username, scheme.password) }),
    invalidate: ({ token }) => {
      if (token !== undefined) tokens.drop(token.key, token.text);
    },
  };
};
