import { shownName } from '../../../core/text/shown-text.ts';
import { fail, type Result } from '../../../core/result.ts';
import {
  type OfferedSchemes,
  readOfferedSchemes,
  type AuthScheme,
  schemeKey,
  usableSchemes,
} from './auth-scheme.ts';
import { type AuthorizedRequest, sendAuthorized } from './authorized-request.ts';
import type { ReceivedResponse } from '../client/failure.ts';
import { endpointHost } from '../network/endpoint.ts';
import type { HttpResponse, RegistryHttp } from '../http/http.ts';
import type { RegistrySettings } from '../settings.ts';

/** The origin (scheme, host and port) of the registry itself. */
export const originOf = ({ host, plainHttp }: RegistrySettings): string =>
  new URL(`${plainHttp ? 'http' : 'https'}://${endpointHost(host)}`).origin;

/** The challenges by which a registry asks for a login. */
export interface LoginChallenges {
  /**
   * The schemes that an answer offers.
   * @param isBare - no login has been shown yet
   * @returns undefined when the registry asks for no login
   */
  offeredIn(
    request: AuthorizedRequest,
    answer: ReceivedResponse,
    isBare: boolean,
  ): Promise<Result<OfferedSchemes, string> | undefined>;
  /** The offered schemes that fit the login of this request, best first. */
  usable(request: AuthorizedRequest, offered: OfferedSchemes): Result<readonly AuthScheme[], string>;
  /** Whether a refusal offers a scheme again. */
  stillOffers(request: AuthorizedRequest, response: HttpResponse, scheme: AuthScheme): boolean;
}

const hasLogin = ({ credential: { secret } }: AuthorizedRequest): boolean =>
  secret.kind === 'basic' || secret.kind === 'identity-token';

const apiPath = '/v2/';

/** Some registries answer a request without a login with these statuses, to hide that a login would help. */
const mayHide = ({ response: { status } }: ReceivedResponse): boolean => status === 403 || status === 404;

export const createLoginChallenges = (
  http: RegistryHttp,
  settingsOf: (host: string) => RegistrySettings,
): LoginChallenges => {
  /** The challenge of the registry itself. A server behind a redirect does not speak for it (B28). */
  const offeredBy = ({ host }: AuthorizedRequest, response: HttpResponse): Result<OfferedSchemes, string> => {
    if (response.url.origin !== originOf(settingsOf(host))) {
      return fail(
        `the refusal came from another server, which cannot say how to log in: ${shownName(host)} redirected to ${shownName(response.url.host)}`,
      );
    }
    return readOfferedSchemes(response.headers['www-authenticate']);
  };

  /**
   * `docker pull` begins with this request too.
   * @returns undefined when the API needs no login
   */
  const offeredByApi = async (
    request: AuthorizedRequest,
  ): Promise<Result<OfferedSchemes, string> | undefined> => {
    const apiRequest = { ...request, path: apiPath, method: 'GET', accept: 'application/json' } as const;
    const answer = await sendAuthorized(http, apiRequest, {});
    if (!answer.ok) return undefined;
    const { response } = answer.value;
    response.discard();
    return response.status === 401 ? offeredBy(request, response) : undefined;
  };

  /** With the one scope that a read needs. The challenge of a registry cannot widen it. */
  const usable: LoginChallenges['usable'] = ({ host, repository, credential: { secret } }, offered) => {
    const scope = repository === undefined ? {} : { scope: `repository:${repository}:pull` };
    return usableSchemes(offered, settingsOf, { host, secret, ...scope });
  };

  return {
    offeredIn: async (request, answer, isBare) => {
      if (answer.response.status === 401) return offeredBy(request, answer.response);
      const isHidden = isBare && mayHide(answer) && request.path !== apiPath && hasLogin(request);
      return isHidden ? offeredByApi(request) : undefined;
    },
    usable,
    stillOffers: (request, response, scheme) => {
      const offered = offeredBy(request, response);
      const found = offered.ok ? usable(request, offered.value) : offered;
      return found.ok && found.value.some((one) => schemeKey(one) === schemeKey(scheme));
    },
  };
};
