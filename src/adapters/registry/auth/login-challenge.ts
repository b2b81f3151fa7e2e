import { shownName } from '../../../core/text/shown-text.ts';
import { fail, type Result } from '../../../core/result.ts';
import { type Offer, readOffer, type Way, wayKey, waysOf } from './auth-scheme.ts';
import { type Answered, type AuthorizedCall, sendWith } from './authorized-request.ts';
import { endpointHost } from '../network/endpoint.ts';
import type { HttpResponse, RegistryHttp } from '../http/http.ts';
import type { RegistrySettings } from '../settings.ts';

/** Where a registry speaks for itself: scheme, host and port of its answers. */
export const originOf = ({ host, plainHttp }: RegistrySettings): string =>
  new URL(`${plainHttp ? 'http' : 'https'}://${endpointHost(host)}`).origin;

/** How a registry wants to be logged in at. */
export interface LoginQuestion {
  /**
   * What an answer says of it.
   * @param isBare - nothing has been shown yet
   * @returns undefined when nobody asks for a login
   */
  offerAfter(
    call: AuthorizedCall,
    answer: Answered,
    isBare: boolean,
  ): Promise<Result<Offer, string> | undefined>;
  /** The ways in an offer that fit the login of this call, best first. */
  ways(call: AuthorizedCall, offer: Offer): Result<readonly Way[], string>;
  /** Whether a refusal names the way that was taken. */
  stillOffers(call: AuthorizedCall, response: HttpResponse, way: Way): boolean;
}

const hasLogin = ({ credential: { secret } }: AuthorizedCall): boolean =>
  secret.form === 'basic' || secret.form === 'identity-token';

const apiPath = '/v2/';

/** Some registries answer so to whoever shows nothing, and hide that there is something to log in for. */
const mayHide = ({ response: { status } }: Answered): boolean => status === 403 || status === 404;

export const createLoginQuestion = (
  http: RegistryHttp,
  settingsOf: (host: string) => RegistrySettings,
): LoginQuestion => {
  /** What the registry itself offers. A server behind a redirect does not speak for it (B28). */
  const offerOf = ({ host }: AuthorizedCall, response: HttpResponse): Result<Offer, string> => {
    if (response.url.origin !== originOf(settingsOf(host))) {
      return fail(
        `the refusal came from another server, which cannot say how to log in: ${shownName(host)} redirected to ${shownName(response.url.host)}`,
      );
    }
    return readOffer(response.headers['www-authenticate']);
  };

  /** `docker pull` begins with this question too. @returns undefined when the API is open to everybody */
  const offerOfApi = async (call: AuthorizedCall): Promise<Result<Offer, string> | undefined> => {
    const question = { ...call, path: apiPath, method: 'GET', accept: 'application/json' } as const;
    const answer = await sendWith(http, question, {});
    if (!answer.ok) return undefined;
    answer.response.discard();
    return answer.response.status === 401 ? offerOf(call, answer.response) : undefined;
  };

  const ways: LoginQuestion['ways'] = ({ host, credential, scope }, offer) =>
    waysOf(offer, settingsOf, { host, secret: credential.secret, ...(scope !== undefined && { scope }) });

  return {
    offerAfter: async (call, answer, isBare) => {
      if (answer.response.status === 401) return offerOf(call, answer.response);
      const isHidden = isBare && mayHide(answer) && call.path !== apiPath && hasLogin(call);
      return isHidden ? offerOfApi(call) : undefined;
    },
    ways,
    stillOffers: (call, response, way) => {
      const offer = offerOf(call, response);
      const found = offer.ok ? ways(call, offer.value) : offer;
      return found.ok && found.value.some((one) => wayKey(one) === wayKey(way));
    },
  };
};
