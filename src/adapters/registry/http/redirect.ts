import { shownName } from '../../../core/text/shown-text.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { bareUrl, type Hop, hopToUrl, shownUrl } from '../network/endpoint.ts';
import { failure } from '../network/failure.ts';
import type { HttpRequest } from './http.ts';
import type { RegistrySettings } from '../settings.ts';

/** Redirects that one request follows. */
const redirectLimit = 5;
const redirecting = new Set([301, 302, 303, 307, 308]);

/** What leaves with the first step to another origin and does not come back (B28). */
const secretHeaders = new Set(['authorization', 'cookie']);

export type Headers = Readonly<Record<string, string>>;

/** A request on its way: where it is, what it carries, how often it was sent on. */
export interface Step {
  readonly hop: Hop;
  readonly headers: Headers;
  readonly redirects: number;
}

const withoutSecrets = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !secretHeaders.has(name.toLowerCase())));

/** @returns undefined for https, and for plain HTTP when the row of the host says so */
export const plainHttpRefusal = (hop: Hop): RegistryFailure | undefined =>
  hop.url.protocol === 'https:' || (hop.url.protocol === 'http:' && hop.settings.plainHttp)
    ? undefined
    : failure(
        'refused',
        'configuration',
        hop.name,
        `${shownUrl(hop.url)} is not https, and the row of this host has no plainHttp`,
      );

/**
 * Attack (B26): somebody's public registry sends the gate to a registry inside, whose row lets it be reached, and learns
 * from the answers what lies there. Whoever may not lie inside may not lead there.
 */
const inwardRefusal = (from: Hop, to: Hop): RegistryFailure | undefined =>
  from.settings.allowPrivateAddress || !to.settings.allowPrivateAddress
    ? undefined
    : failure(
        'refused',
        'address',
        to.name,
        `${shownName(from.name)} leads to it and may not lie inside itself; if it is meant to, set allowPrivateAddress in the row of ${shownName(from.name)} as well`,
      );

/**
 * Attack (B28): somebody's registry sends the gate to a registry that opens itself to the gate's client certificate, at a
 * path of their choice, and learns from the decision what lies there. Whoever has no certificate borrows none.
 */
const lendingRefusal = (from: Hop, to: Hop): RegistryFailure | undefined =>
  from.settings.client !== undefined || to.settings.client === undefined
    ? undefined
    : failure(
        'refused',
        'configuration',
        to.name,
        `${shownName(from.name)} leads to it, and a client certificate is shown only where no stranger leads; if it is meant to, give the row of ${shownName(from.name)} a clientCertFile as well`,
      );

/**
 * Where an answer sends the request on. The target is reached by its own host's row: another origin gets no credential,
 * no private address and no plain HTTP because the one before had them (B26, B28).
 * @returns undefined when the answer is final
 */
export const nextStep = (
  { hop, headers, redirects }: Step,
  answer: { readonly status: number; readonly location: string | undefined },
  request: HttpRequest,
  settingsOf: (host: string) => RegistrySettings,
): Result<Step | undefined, RegistryFailure> => {
  if (!redirecting.has(answer.status)) return ok(undefined);
  const wrong = (why: string): Result<never, RegistryFailure> =>
    fail(failure('invalid', request.stage, hop.name, why));
  if (request.method === 'POST')
    return wrong(`it redirects a POST (${answer.status}), which is not followed`);
  if (answer.location === undefined || !URL.canParse(answer.location, hop.url.href))
    return wrong(`it redirects (${answer.status}) to nowhere`);
  if (redirects >= redirectLimit) return wrong(`it redirects more than ${redirectLimit} times`);
  const url = new URL(answer.location, hop.url.href);
  const next = url.origin === hop.url.origin ? { ...hop, url: bareUrl(url) } : hopToUrl(url, settingsOf);
  const refusal = plainHttpRefusal(next);
  if (refusal !== undefined) return fail({ ...refusal, why: `${hop.name} redirects to it: ${refusal.why}` });
  const isStranger = url.origin !== hop.url.origin;
  const led = isStranger ? (inwardRefusal(hop, next) ?? lendingRefusal(hop, next)) : undefined;
  if (led !== undefined) return fail(led);
  return ok({
    hop: next,
    headers: isStranger ? withoutSecrets(headers) : headers,
    redirects: redirects + 1,
  });
};
