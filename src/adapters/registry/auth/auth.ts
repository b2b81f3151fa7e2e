import { type Accepted, createLoginMemory, type LoginMemory } from './login-cache.ts';
import { type Offer, type Way, wayKey } from './auth-scheme.ts';
import { createPasses, type Passes, type PassOptions } from './authorization.ts';
import { createLoginQuestion, type LoginQuestion } from './login-challenge.ts';
import {
  type Answered,
  type AuthorizedAnswer,
  type AuthorizedCall,
  isRefused,
  remarked,
  sendWith,
} from './authorized-request.ts';
import { failureOf, type Remark } from '../client/failure.ts';
import type { RegistryHttp } from '../http/http.ts';
import type { RegistrySettings } from '../settings.ts';

export type { AuthorizedAnswer, AuthorizedCall } from './authorized-request.ts';

export interface AuthOptions extends PassOptions {
  readonly settingsOf: (host: string) => RegistrySettings;
}

export interface Auth {
  /** Sends it, logged in as the registry asks for it. Never rejects. */
  send(call: AuthorizedCall): Promise<AuthorizedAnswer>;
}

interface Desk {
  readonly http: RegistryHttp;
  readonly passes: Passes;
  readonly question: LoginQuestion;
  readonly memory: LoginMemory;
}

/** The first, and another one: a registry may change its mind after it has seen a token. */
const followedChallenges = 2;

/** Whether the registry took what it was shown, whatever it makes of the question. */
const isAccepted = (answer: AuthorizedAnswer): boolean => {
  if (!answer.ok) return false;
  const { status } = answer.response;
  return status !== 401 && status !== 408 && status !== 429 && status < 500;
};

/** Why nothing was shown although there is something to show. */
const whyNoWay = ({ credential }: AuthorizedCall, { bearer }: Offer): Remark | undefined =>
  credential.secret.form === 'identity-token' && bearer === undefined
    ? {
        why: 'the login is an identity token, and the registry takes none: it offers Basic alone',
        remedy: 'log in with user and password (auth of the docker config), without identitytoken',
      }
    : undefined;

/** Nobody can log in where the registry does not say how. */
const noOffer = (why: string): Remark => ({
  why,
  remedy:
    'the registry has to offer Basic or Bearer to log in; look at what answers under this address: a proxy, a portal, or another service',
});

/** What came of one way to log in. */
interface Outcome {
  readonly answer: AuthorizedAnswer;
  /** The registry was asked; else the token server gave nothing to ask with. */
  readonly asked: boolean;
}
type LogIn = (way: Way) => Promise<Outcome>;

const logIn = async (desk: Desk, call: AuthorizedCall, way: Way): Promise<Outcome> => {
  const { http, passes, question } = desk;
  const pass = await passes.passFor(call, way);
  if (!pass.ok) return { asked: false, answer: { ok: false, failure: pass.error } };
  const answer = await sendWith(http, call, pass.value);
  if (!isRefused(answer)) return { asked: true, answer };
  passes.drop(pass.value);
  // A token of before may have been taken back: a new one is asked for, where it would still be wanted.
  const isOld = pass.value.token?.isFresh === false;
  return isOld && question.stillOffers(call, answer.response, way)
    ? logIn(desk, call, way)
    : { asked: true, answer };
};

/** Shows nothing twice in one request: a password that is wrong three times may lock an account. */
const onceEach = (desk: Desk, call: AuthorizedCall): LogIn => {
  const outcomes = new Map<string, Outcome>();
  return async (way) => {
    const outcome = outcomes.get(wayKey(way)) ?? (await logIn(desk, call, way));
    outcomes.set(wayKey(way), outcome);
    return outcome;
  };
};

/** Sent bare; then the challenge is followed, and another one once more. */
const fromNothing = async (
  { http, question, memory }: Desk,
  call: AuthorizedCall,
  once: LogIn,
): Promise<AuthorizedAnswer> => {
  const followed = new Set<string>();
  /** @returns undefined when the answer is final */
  const next = async (answer: Answered): Promise<AuthorizedAnswer | undefined> => {
    const offer = await question.offerAfter(call, answer, followed.size === 0);
    if (offer === undefined) return undefined;
    if (!offer.ok) return isRefused(answer) ? remarked(answer, noOffer(offer.error)) : undefined;
    const ways = question.ways(call, offer.value);
    if (!ways.ok) {
      const why = `${call.host}: ${ways.error}`;
      return { ok: false, failure: failureOf({ host: call.host, stage: 'token' }, 'refused', why) };
    }
    const at = ways.value.findIndex((way) => !followed.has(wayKey(way)));
    const way = ways.value[at];
    if (way === undefined || followed.size === followedChallenges) {
      return ways.value.length === 0 ? remarked(answer, whyNoWay(call, offer.value)) : undefined;
    }
    followed.add(wayKey(way));
    const outcome = await once(way);
    if (isAccepted(outcome.answer)) memory.keep(call, { offer: offer.value, at });
    return outcome.answer;
  };

  let answer = await sendWith(http, call, {});
  for (;;) {
    const asked = followed.size;
    const other = answer.ok ? await next(answer) : undefined;
    if (other === undefined) return answer;
    answer = other;
    if (followed.size === asked) return answer;
  }
};

/** The way that was accepted before, as long as it fits this login. */
const rememberedWay = ({ memory, question }: Desk, call: AuthorizedCall): Way | undefined => {
  const known: Accepted | undefined = memory.of(call);
  if (known === undefined) return undefined;
  const ways = question.ways(call, known.offer);
  return ways.ok ? ways.value[known.at] : undefined;
};

/**
 * Logs in at registries: Basic, and Bearer with a token server (RFC 9110, section 11; Distribution token specification).
 * A password leaves only for the host that it belongs to, after that host asked for Basic, or for a token server that
 * is known to belong to it (B28).
 *
 * What is remembered only takes a short cut: a way that is refused is as if nothing had been remembered, so that the
 * first request after a start gets what the tenth gets.
 */
export const createAuth = ({ settingsOf, ...options }: AuthOptions): Auth => {
  const { http } = options;
  const passes = createPasses(options);
  const question = createLoginQuestion(http, settingsOf);
  const desk: Desk = { http, passes, question, memory: createLoginMemory() };
  return {
    send: async (call) => {
      const { secret } = call.credential;
      if (secret.form === 'bearer') return sendWith(http, call, { header: `Bearer ${secret.token}` });
      const once = onceEach(desk, call);
      const way = rememberedWay(desk, call);
      const known = way === undefined ? undefined : await once(way);
      const isOver = known !== undefined && known.asked && !isRefused(known.answer);
      return isOver ? known.answer : fromNothing(desk, call, once);
    },
  };
};
