import { shownName } from '../../../core/text/shown-text.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { bareUrl, type Endpoint, endpointForUrl, shownUrl } from '../network/endpoint.ts';
import { failure } from '../network/failure.ts';
import type { HttpRequest } from './http.ts';
import type { RegistrySettings } from '../settings.ts';

/** Most redirects that one request follows. */
const maxRedirects = 5;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/** Headers that are removed at the first hop to another origin, and never added again (B28). */
const credentialHeaders = new Set(['authorization', 'cookie']);

type Headers = Readonly<Record<string, string>>;

/** One hop of the redirect loop. */
export interface Hop {
  readonly endpoint: Endpoint;
  readonly headers: Headers;
  readonly redirects: number;
}

const withoutCredentials = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !credentialHeaders.has(name.toLowerCase())));

/** @returns undefined for https, and for plain HTTP when the row of the host says so */
export const plainHttpFailure = (endpoint: Endpoint): RegistryFailure | undefined =>
  endpoint.url.protocol === 'https:' || (endpoint.url.protocol === 'http:' && endpoint.settings.plainHttp)
    ? undefined
    : failure(
        'refused',
        'configuration',
        endpoint.name,
        `${shownUrl(endpoint.url)} is not https, and the row of this host has no plainHttp`,
      );

/**
 * Attack (B26): a public registry redirects the gate to an internal registry whose row allows private addresses, and learns
 * from the answers what lies there. So only a host that may have a private address itself may redirect to such a host.
 */
const privateAddressFailure = (from: Endpoint, to: Endpoint): RegistryFailure | undefined =>
  from.settings.allowPrivateAddress || !to.settings.allowPrivateAddress
    ? undefined
    : failure(
        'refused',
        'address',
        to.name,
        `${shownName(from.name)} leads to it and may not lie inside itself; if it is meant to, set allowPrivateAddress in the row of ${shownName(from.name)} as well`,
      );

/**
 * Attack (B28): a registry redirects the gate to a path of another registry that trusts the gate's client certificate, and
 * learns from the decision what lies there. So only a host that is shown a certificate itself may redirect to such a host.
 */
const clientCertificateFailure = (from: Endpoint, to: Endpoint): RegistryFailure | undefined =>
  from.settings.client !== undefined || to.settings.client === undefined
    ? undefined
    : failure(
        'refused',
        'configuration',
        to.name,
        `${shownName(from.name)} leads to it, and a client certificate is shown only where no stranger leads; if it is meant to, give the row of ${shownName(from.name)} a clientCertFile as well`,
      );

/**
 * The target of a redirect. It is reached by the row of its own host: another origin does not inherit the credential, the
 * private address or the plain HTTP of the origin before it (B26, B28).
 * @returns undefined when the response is final
 */
export const nextHop = (
  { endpoint, headers, redirects }: Hop,
  answer: { readonly status: number; readonly location: string | undefined },
  request: HttpRequest,
  settingsOf: (host: string) => RegistrySettings,
): Result<Hop | undefined, RegistryFailure> => {
  if (!redirectStatuses.has(answer.status)) return ok(undefined);
  const wrong = (why: string): Result<never, RegistryFailure> =>
    fail(failure('invalid', request.stage, endpoint.name, why));
  if (request.method === 'POST')
    return wrong(`it redirects a POST (${answer.status}), which is not followed`);
  if (answer.location === undefined || !URL.canParse(answer.location, endpoint.url.href))
    return wrong(`it redirects (${answer.status}) to nowhere`);
  if (redirects >= maxRedirects) return wrong(`it redirects more than ${maxRedirects} times`);
  const url = new URL(answer.location, endpoint.url.href);
  const next =
    url.origin === endpoint.url.origin ? { ...endpoint, url: bareUrl(url) } : endpointForUrl(url, settingsOf);
  const plain = plainHttpFailure(next);
  if (plain !== undefined) return fail({ ...plain, why: `${endpoint.name} redirects to it: ${plain.why}` });
  const isOtherOrigin = url.origin !== endpoint.url.origin;
  const refused = isOtherOrigin
    ? (privateAddressFailure(endpoint, next) ?? clientCertificateFailure(endpoint, next))
    : undefined;
  if (refused !== undefined) return fail(refused);
  return ok({
    endpoint: next,
    headers: isOtherOrigin ? withoutCredentials(headers) : headers,
    redirects: redirects + 1,
  });
};
