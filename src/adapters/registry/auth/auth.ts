import { createLoginCache, type LoginCache } from './login-cache.ts';
import { type OfferedSchemes, type AuthScheme, schemeKey } from './auth-scheme.ts';
import { createAuthorizations, type Authorizations, type AuthorizationOptions } from './authorization.ts';
import { createLoginChallenges, type LoginChallenges } from './login-challenge.ts';
import {
  type AuthorizedResponse,
  type AuthorizedRequest,
  isUnauthorized,
  withRemark,
  sendAuthorized,
} from './authorized-request.ts';
import { fail, ok } from '../../../core/result.ts';
import { failureOf, type ReceivedResponse, type Remark } from '../client/failure.ts';
import type { RegistryHttp } from '../http/http.ts';
import type { RegistrySettings } from '../settings.ts';

interface AuthOptions extends AuthorizationOptions {
  readonly settingsOf: (host: string) => RegistrySettings;
}

export interface Auth {
  /** Sends a request, logged in as the registry asks for it. Never rejects. */
  send(request: AuthorizedRequest): Promise<AuthorizedResponse>;
}

interface AuthDeps {
  readonly http: RegistryHttp;
  readonly authorizations: Authorizations;
  readonly challenges: LoginChallenges;
  readonly logins: LoginCache;
}

/** Two challenges are followed, since a registry may ask for something else after it has seen a token. */
const maxChallenges = 2;

/** Whether the registry accepted the login, even if it then refuses the request for another reason. */
const isAccepted = (answer: AuthorizedResponse): boolean => {
  if (!answer.ok) return false;
  const { status } = answer.value.response;
  return status !== 401 && status !== 408 && status !== 429 && status < 500;
};

/** Why the gate showed no login although it has a credential. */
const whyNoScheme = ({ credential }: AuthorizedRequest, { bearer }: OfferedSchemes): Remark | undefined =>
  credential.secret.kind === 'identity-token' && bearer === undefined
    ? {
        why: 'the login is an identity token, and the registry takes none: it offers Basic alone',
        remedy: 'log in with user and password (auth of the docker config), without identitytoken',
      }
    : undefined;

/** The registry refuses without a challenge, so that no login is possible. */
const noChallenge = (why: string): Remark => ({
  why,
  remedy:
    'the registry has to offer Basic or Bearer to log in; look at what answers under this address: a proxy, a portal, or another service',
});

interface LoginAttempt {
  readonly answer: AuthorizedResponse;
  /** The request was sent to the registry. Otherwise there was no token to send with it. */
  readonly isSent: boolean;
}
/** By {@link schemeKey}. A wrong password may lock its account after three tries, so no password is shown twice. */
type LoginAttempts = Map<string, LoginAttempt>;

/** Sends the request with a login, once for each scheme. */
const attempt = async (
  deps: AuthDeps,
  request: AuthorizedRequest,
  scheme: AuthScheme,
  attempts: LoginAttempts,
): Promise<LoginAttempt> => {
  const { http, authorizations, challenges } = deps;
  const key = schemeKey(scheme);
  let made = attempts.get(key);
  while (made === undefined) {
    const authorization = await authorizations.authorize(request, scheme);
    if (!authorization.ok) {
      made = { isSent: false, answer: authorization };
      break;
    }
    const answer = await sendAuthorized(http, request, authorization.value);
    if (answer.ok && isUnauthorized(answer)) {
      authorizations.invalidate(authorization.value);
      // A cached token may have been revoked: a new one is requested if the registry still offers the scheme.
      const isCached = authorization.value.token?.isFresh === false;
      if (isCached && challenges.stillOffers(request, answer.value.response, scheme)) continue;
    }
    made = { isSent: true, answer };
  }
  attempts.set(key, made);
  return made;
};

/** Sends the request without a login, then follows the challenge, and one more. */
const followChallenges = async (
  deps: AuthDeps,
  request: AuthorizedRequest,
  attempts: LoginAttempts,
): Promise<AuthorizedResponse> => {
  const { http, challenges, logins } = deps;
  const followed = new Set<string>();
  /** @returns undefined when the answer is final */
  const next = async (received: ReceivedResponse): Promise<AuthorizedResponse | undefined> => {
    const offered = await challenges.offeredIn(request, received, followed.size === 0);
    if (offered === undefined) return undefined;
    if (!offered.ok) {
      const isRefused = received.response.status === 401;
      return isRefused ? ok(withRemark(received, noChallenge(offered.error))) : undefined;
    }
    const usable = challenges.usable(request, offered.value);
    if (!usable.ok) {
      const why = `${request.host}: ${usable.error}`;
      return fail(failureOf({ host: request.host, stage: 'token' }, 'refused', why));
    }
    const at = usable.value.findIndex((scheme) => !followed.has(schemeKey(scheme)));
    const scheme = usable.value[at];
    if (scheme === undefined || followed.size === maxChallenges) {
      return usable.value.length === 0
        ? ok(withRemark(received, whyNoScheme(request, offered.value)))
        : undefined;
    }
    followed.add(schemeKey(scheme));
    const made = await attempt(deps, request, scheme, attempts);
    if (isAccepted(made.answer)) logins.set(request, { offered: offered.value, at });
    return made.answer;
  };

  let answer = await sendAuthorized(http, request, {});
  for (;;) {
    const challengesBefore = followed.size;
    const other = answer.ok ? await next(answer.value) : undefined;
    if (other === undefined) return answer;
    answer = other;
    if (followed.size === challengesBefore) return answer;
  }
};

/** The scheme that the registry accepted before, if it still fits this login. */
const cachedScheme = (
  { logins, challenges }: AuthDeps,
  request: AuthorizedRequest,
): AuthScheme | undefined => {
  const accepted = logins.get(request);
  if (accepted === undefined) return undefined;
  const usable = challenges.usable(request, accepted.offered);
  return usable.ok ? usable.value[accepted.at] : undefined;
};

/**
 * Logs in at registries: Basic, and Bearer with a token server (RFC 9110, section 11; Distribution token specification).
 * A password leaves only for the host that it belongs to, after that host asked for Basic, or for a token server that
 * is known to belong to it (B28).
 *
 * The login cache only saves requests. When a cached scheme is refused, the request goes on as if nothing were cached, so that
 * the first request after a start and the tenth get the same answer.
 */
export const createAuth = ({ settingsOf, ...options }: AuthOptions): Auth => {
  const { http } = options;
  const deps: AuthDeps = {
    http,
    authorizations: createAuthorizations(options),
    challenges: createLoginChallenges(http, settingsOf),
    logins: createLoginCache(),
  };
  return {
    send: async (request) => {
      const { secret } = request.credential;
      if (secret.kind === 'bearer')
        return sendAuthorized(http, request, { header: `Bearer ${secret.token}` });
      const attempts: LoginAttempts = new Map();
      const scheme = cachedScheme(deps, request);
      const made = scheme === undefined ? undefined : await attempt(deps, request, scheme, attempts);
      const isFinal = made !== undefined && made.isSent && !isUnauthorized(made.answer);
      return isFinal ? made.answer : followChallenges(deps, request, attempts);
    },
  };
};
