import { shownName } from '../../../core/text/shown-text.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import type { CredentialSecret, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';
import { explanationOf, failureOf } from '../client/failure.ts';
import type { HttpRequest, HttpResponse, RegistryHttp } from '../http/http.ts';
import { secretsToRedact } from '../network/redact.ts';

/** One request to a token server. */
export interface TokenRequest {
  readonly realm: URL;
  readonly service?: string;
  /** `repository:<path>:pull`. Absent: the request only tests whether the credential is good. */
  readonly scope?: string;
  /** `none` for a realm that may not see the credential. */
  readonly secret: CredentialSecret;
  /** Rate limits of the token server (429) are kept by account. */
  readonly account: string;
}
export interface Token {
  readonly text: string;
  /** Its announced life in milliseconds, from the time of the request. */
  readonly lifetime: number;
  /** Bytes of the answer. */
  readonly size: number;
}

/** A token answer is a few KiB. */
const maxTokenResponse = 64 * 1024;
/** Token specification: "For compatibility with older clients, a token should never be returned with less than 60 seconds to live", and the default. */
const defaultLifetime = 60;
/** A longer lifetime is cut, so that a right that was taken away ends after an hour at the latest. */
const maxLifetime = 3600;

/**
 * Characters that no header may hold (RFC 6750, section 2.1, generously). Stops a line break that would add headers.
 */
const notHeaderSafe = /[^\x21-\x7e]/;

/** RFC 7617: user name and password as UTF-8. */
export const basicAuthorization = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

const clientId = 'imagegate';

/** nvcr.io puts a scope into the realm itself. It is removed, since a wider scope would make a stronger token. */
const withoutScope = (realm: URL): URL => {
  const target = new URL(realm);
  target.searchParams.delete('scope');
  return target;
};

const getRequest = ({ realm, service, scope, secret }: TokenRequest, signal: AbortSignal): HttpRequest => {
  const target = withoutScope(realm);
  if (service !== undefined) target.searchParams.set('service', service);
  if (scope !== undefined) target.searchParams.set('scope', scope);
  const basic = secret.kind === 'basic' ? basicAuthorization(secret.username, secret.password) : undefined;
  return {
    host: realm.host,
    target,
    method: 'GET',
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(basic !== undefined && { authorization: basic }),
    },
    stage: 'token',
    signal,
  };
};

const refreshTokenRequest = (
  { realm, service, scope }: TokenRequest,
  refreshToken: string,
  signal: AbortSignal,
): HttpRequest => {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId });
  if (service !== undefined) form.set('service', service);
  if (scope !== undefined) form.set('scope', scope);
  form.set('refresh_token', refreshToken);
  return {
    host: realm.host,
    target: withoutScope(realm),
    method: 'POST',
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: form.toString(),
    stage: 'token',
    signal,
  };
};

const lifetimeOf = (seconds: unknown): number => {
  const isUsable = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0;
  return Math.min(isUsable ? seconds : defaultLifetime, maxLifetime) * 1000;
};

const readToken = (bytes: Uint8Array): Result<Token, string> => {
  const document = readJsonObject(bytes);
  if (!document.ok) return fail(document.error.why);
  const { token, access_token: other, expires_in: seconds } = document.value;
  const text = typeof token === 'string' && token !== '' ? token : other;
  if (typeof text !== 'string' || text === '') return fail('it holds no token');
  if (text === '' || notHeaderSafe.test(text))
    return fail('its token holds characters that a token cannot have');
  return ok({ text, lifetime: lifetimeOf(seconds), size: bytes.length });
};

const failureOfStatus = async (
  response: HttpResponse,
  host: string,
  { secret }: TokenRequest,
): Promise<RegistryFailure> => {
  const { status } = response;
  const said = await explanationOf(response, secretsToRedact(secret));
  const answered = `status ${status}${said}: the token server ${host}`;
  const at = { host, stage: 'token' } as const;
  const unanswered = `${answered} could not answer`;
  if (status === 429) return failureOf(at, 'paced', unanswered);
  if (status >= 500) return { ...failureOf(at, 'unreachable', unanswered), excusable: true };
  if (status === 408) return failureOf(at, 'unreachable', unanswered);
  // Without the right to pull GitLab answers 403, Docker Hub 401, DigitalOcean 400 and Scaleway 404.
  if (status >= 400) return failureOf(at, 'denied', `${answered} gave no token`);
  return failureOf(at, 'invalid', `${answered} gave an answer that is none to a question for a token`);
};

/**
 * Asks a token server: by GET with Basic credentials or without any, by POST with `grant_type=refresh_token` for an identity
 * token. The caller chooses the scope, not the challenge. The answer has at most 64 KiB; a missing `expires_in` means 60 s.
 * @see https://distribution.github.io/distribution/spec/auth/token and /oauth
 */
export const requestToken = async (
  http: RegistryHttp,
  request: TokenRequest,
  { signal, requester }: Pick<ReadBudget, 'signal' | 'requester'>,
): Promise<Result<Token, RegistryFailure>> => {
  const { secret, realm } = request;
  const host = shownName(realm.host);
  const httpRequest =
    secret.kind === 'identity-token'
      ? refreshTokenRequest(request, secret.token, signal)
      : getRequest(request, signal);
  const answer = await http.send({
    ...httpRequest,
    account: request.account,
    ...(requester === undefined ? {} : { requester }),
  });
  if (!answer.ok) return answer;
  const response = answer.value;
  if (response.status !== 200) return fail(await failureOfStatus(response, host, request));
  const unread = (why: string): Result<never, RegistryFailure> =>
    fail(
      failureOf(
        { host, stage: 'token' },
        'invalid',
        `${why}: the answer of the token server ${host} cannot be read`,
      ),
    );
  if ((response.headers['content-encoding'] ?? 'identity') !== 'identity') {
    response.discard();
    return unread('it has a Content-Encoding that was not asked for');
  }
  const body = await response.read(maxTokenResponse);
  if (!body.ok) return body;
  const token = readToken(body.value);
  return token.ok ? token : unread(token.error);
};
