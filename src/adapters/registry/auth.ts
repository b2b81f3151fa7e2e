import { shown } from '../../core/decision/shown-text.ts';
import { fail, type Result } from '../../core/result.ts';
import type { RegistryFailure, RegistryStage } from '../../evidence/ports.ts';
import { createRecentMap } from '../../evidence/recent-map.ts';
import { isSameOffer, type Offer, readOffer } from './auth-offer.ts';
import { createPasses, type Pass, type PassOptions, type Visitor } from './auth-pass.ts';
import { type AskedAnswer, errorLimit, shownAs } from './client-failure.ts';
import { endpointOf } from './endpoint.ts';
import type { HttpResponse, RegistryHttp } from './http.ts';
import { secretWords } from './secret-words.ts';
import type { RegistrySettings } from './settings.ts';

/** One request to a registry, in the name of a credential. */
export interface AuthorizedCall extends Visitor {
  /** `/v2/…`, with its query. */
  readonly path: string;
  readonly method: 'GET' | 'HEAD';
  readonly accept?: string;
  readonly stage: RegistryStage;
}
export type AuthorizedAnswer =
  | ({
      readonly ok: true;
      /** The token server, when one was asked. */
      readonly realm?: string;
      /** True when the credential was shown to nobody although it was asked for. */
      readonly isWithheld: boolean;
    } & AskedAnswer)
  | { readonly ok: false; readonly failure: RegistryFailure };

export interface Auth {
  /** Sends it, and once again when the registry says how to log in. Never rejects. */
  send(call: AuthorizedCall): Promise<AuthorizedAnswer>;
}

/** Where a registry speaks for itself: scheme, host and port of its answers. */
export const originOf = ({ host, plainHttp }: RegistrySettings): string =>
  new URL(`${plainHttp ? 'http' : 'https'}://${endpointOf(host)}`).origin;

/** Registries whose way of logging in is remembered, so that the next question needs no refusal first. */
const offersKept = 1024;

/**
 * A refusal whose body is in memory. It must not hold its place at the registry while we ask there for a token: when all
 * places are held so, each waits for the others until the deadline.
 */
const detached = async (response: HttpResponse): Promise<HttpResponse> => {
  const body = await response.read(errorLimit);
  return { ...response, read: () => Promise.resolve(body), drop: () => undefined };
};

const sendOnce = async (http: RegistryHttp, call: AuthorizedCall, pass: Pass): Promise<AuthorizedAnswer> => {
  const { host, path, method, accept, stage, budget } = call;
  const answer = await http.send({
    host,
    target: path,
    method,
    headers: {
      'accept-encoding': 'identity',
      ...(accept !== undefined && { accept }),
      ...(pass.header !== undefined && { authorization: pass.header }),
    },
    stage,
    account: call.credential.key,
    signal: budget.signal,
  });
  if (!answer.ok) return answer;
  const { realm, withheld } = pass;
  return {
    ...answer,
    shownAs: withheld === undefined ? shownAs(call.credential) : 'without a credential',
    secrets: secretWords(call.credential.secret, pass.header),
    isWithheld: withheld !== undefined,
    ...(realm !== undefined && { realm }),
    ...(withheld !== undefined && { remark: withheld }),
  };
};

/**
 * Logs in at registries: Basic, and Bearer with a token server (RFC 9110, section 11; Distribution token specification).
 * A password leaves only for the host that it belongs to, after that host asked for Basic, or for a token server that
 * is known to belong to it (B28).
 */
export const createAuth = (options: PassOptions): Auth => {
  const { http, settingsOf } = options;
  const passes = createPasses(options);
  const offers = createRecentMap<Offer>({ entries: offersKept });

  const sendWith = (call: AuthorizedCall, pass: Pass) => sendOnce(http, call, pass);

  /** What the registry itself offers. A server behind a redirect does not speak for it (B28). */
  const offerOf = ({ host }: AuthorizedCall, response: HttpResponse): Result<Offer, string> => {
    if (response.url.origin !== originOf(settingsOf(host))) {
      return fail(`The refusal came from ${shown(response.url.host)}, to which ${host} redirected`);
    }
    return readOffer(host, response.headers['www-authenticate']);
  };

  /** @returns undefined when there is nothing else to show than what was refused */
  const otherPass = async (
    call: AuthorizedCall,
    refused: Result<Pass, RegistryFailure>,
    offer: Offer,
  ): Promise<Result<Pass, RegistryFailure> | undefined> => {
    const before = offers.get(call.host);
    offers.set(call.host, offer);
    const isNew = before === undefined || !isSameOffer(before, offer);
    if (!refused.ok) return isNew ? passes.passFor(call, offer) : refused;
    if (refused.value.token?.isFresh === true && !isNew) return undefined;
    passes.drop(refused.value);
    const other = await passes.passFor(call, offer);
    if (!other.ok) return other;
    const { header } = other.value;
    return header === undefined || header === refused.value.header ? undefined : other;
  };

  return {
    send: async (call) => {
      const first = await passes.passFor(call, offers.get(call.host));
      // Without a token the registry may still let everybody read this repository.
      const given = await sendWith(call, first.ok ? first.value : {});
      if (!given.ok || given.response.status !== 401) return given;
      const answer = { ...given, response: await detached(given.response) };
      const offer = offerOf(call, answer.response);
      if (!offer.ok) return { ...answer, remark: answer.remark ?? offer.error };
      const second = await otherPass(call, first, offer.value);
      if (second === undefined) return answer;
      return second.ok ? sendWith(call, second.value) : { ok: false, failure: second.error };
    },
  };
};
