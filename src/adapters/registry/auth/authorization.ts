import type { Clock } from '../../../concurrency/clock.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Credential, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';
import type { TokenWay, Way } from './auth-scheme.ts';
import { because, failureOf, type Remark } from '../client/failure.ts';
import type { RegistryHttp } from '../http/http.ts';
import { remarkOnRealm } from './token-realm.ts';
import { askToken, basicAuthorization, type Token, type TokenQuestion } from './token.ts';
import { createTokenCache, type TokenKey } from './token-cache.ts';

export interface PassOptions {
  readonly http: RegistryHttp;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Who wants to read what. */
export interface Visitor {
  readonly host: string;
  /** `repository:<path>:pull`; absent: the question is only whether the credential is good. */
  readonly scope?: string;
  readonly credential: Credential;
  readonly budget: ReadBudget;
}

/** What goes along with a request. */
export interface Pass {
  /** `Authorization`; absent: nothing. */
  readonly header?: string;
  /** The token in it, when it is one that a token server gave us. */
  readonly token?: { readonly key: TokenKey; readonly text: string; readonly isFresh: boolean };
  /** The token server, for people. */
  readonly realm?: string;
  /** Why the credential was not shown to the token server (B28), and what to do about it. */
  readonly withheld?: Remark;
}

export interface Passes {
  /** What this visitor shows when it logs in this way. */
  passFor(visitor: Visitor, way: Way): Promise<Result<Pass, RegistryFailure>>;
  /** Forgets the token of a pass that was refused. */
  drop(pass: Pass): void;
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

/** A token server may see the credential when it belongs to the registry, else nothing (B28). */
const questionFor = ({ host, credential }: Visitor, { realm, service, scope }: TokenWay): TokenQuestion => {
  return {
    realm: realm.url,
    ...(service !== undefined && { service }),
    ...(scope !== undefined && { scope }),
    secret: realm.isTrusted ? credential.secret : { form: 'none' },
    // Attack: a registry names a stranger's address as its token server, which answers 429. That is nobody's affair but its own.
    account: realm.isTrusted ? credential.key : `nobody at ${host}`,
  };
};

const remarkFor = ({ host, credential }: Visitor, { realm }: TokenWay): Remark | undefined =>
  realm.isTrusted || credential.secret.form === 'none' ? undefined : remarkOnRealm(realm, host);

/** Tokens are kept for 80 % of their life, per registry, token server, scope and credential; one is asked for once at a time. */
export const createPasses = ({ http, clock }: PassOptions): Passes => {
  const tokens = createTokenCache(clock);

  const newToken = async (
    visitor: Visitor,
    way: TokenWay,
    key: TokenKey,
  ): Promise<Result<Token, RegistryFailure>> => {
    const host = shown(way.realm.url.host);
    const question = questionFor(visitor, way);
    const token = await tokens.obtain(key, visitor.budget, (shared) => askToken(http, question, shared));
    if (token === undefined) return fail(noTime(host));
    return token.ok && !visitor.budget.take(token.value.size) ? fail(noBytes(host)) : token;
  };

  const tokenPass = async (visitor: Visitor, way: TokenWay): Promise<Result<Pass, RegistryFailure>> => {
    const key: TokenKey = {
      host: visitor.host,
      server: JSON.stringify([way.realm.url.href, way.service]),
      scope: way.scope ?? '',
      // What was given without the credential must not stand in for it once its token server is listed.
      credential: way.realm.isTrusted ? visitor.credential.key : '',
    };
    const remark = remarkFor(visitor, way);
    const passOf = (text: string, isFresh: boolean): Result<Pass, never> =>
      ok({
        header: `Bearer ${text}`,
        token: { key, text, isFresh },
        realm: shown(`${way.realm.url.origin}${way.realm.url.pathname}`),
        ...(remark !== undefined && { withheld: remark }),
      });
    const kept = tokens.get(key);
    if (kept !== undefined) return passOf(kept, false);
    const token = await newToken(visitor, way, key);
    return token.ok ? passOf(token.value.text, true) : fail(because(token.error, remark));
  };

  return {
    passFor: async (visitor, way) =>
      way.scheme === 'bearer'
        ? tokenPass(visitor, way)
        : ok({ header: basicAuthorization(way.username, way.password) }),
    drop: ({ token }) => {
      if (token !== undefined) tokens.drop(token.key, token.text);
    },
  };
};
