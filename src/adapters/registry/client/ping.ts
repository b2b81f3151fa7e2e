import { readJsonObject } from '../../../core/text/json/json-document.ts';
import type { Credential, ReadBudget, RegistryAnswer } from '../../../evidence/ports.ts';
import type { Auth, AuthorizedAnswer } from '../auth/auth.ts';
import { readOffer } from '../auth/auth-scheme.ts';
import { readBody } from './content-body.ts';
import { absent, failureOf, statusAnswer, type Subject, unavailableBy } from './failure.ts';
import type { HttpResponse } from '../http/http.ts';

const maxBody = 64 * 1024;

/** Docker Registry API V2; the OCI specification dropped the header, most registries send it still. */
const saysSo = ({ headers }: HttpResponse): boolean =>
  headers['docker-distribution-api-version']?.includes('registry/2.') === true;

const saysHow = ({ headers }: HttpResponse): boolean => readOffer(headers['www-authenticate']).ok;

/** `{}`, any other JSON object, or nothing: what registries send with their 200. A web page is none of them. */
const looksLikeRegistry = (body: Uint8Array): boolean => body.length === 0 || readJsonObject(body).ok;

type Pong = RegistryAnswer<{ readonly realm?: string }>;
type Answered = Extract<AuthorizedAnswer, { ok: true }>;

const readWelcome = async (
  { response, realm }: Answered,
  subject: Subject,
  budget: ReadBudget,
): Promise<Pong> => {
  const known: Pong = { state: 'known', value: realm === undefined ? {} : { realm } };
  if (saysSo(response)) {
    response.discard();
    return known;
  }
  const body = await readBody(response, subject, { most: maxBody }, budget);
  if (!body.ok) return body.error.kind === 'limit' ? absent : unavailableBy(body.error);
  return looksLikeRegistry(body.value) ? known : absent;
};

const readPong = (answer: Answered, subject: Subject, budget: ReadBudget): Promise<Pong> | Pong => {
  const { response } = answer;
  if (response.status === 401 && !saysSo(response) && !saysHow(response)) {
    response.discard();
    return absent;
  }
  if (response.status !== 200) return statusAnswer(answer, subject);
  if (!answer.isWithheld) return readWelcome(answer, subject, budget);
  // Whoever asked wants to know whether the credential is good: it was shown to nobody.
  response.discard();
  const { why = '', ...remedy } = answer.remark ?? {};
  return unavailableBy({ ...failureOf(subject, 'denied', why), ...remedy });
};

/**
 * `GET /v2/` with a credential, the way `docker login` asks. A 401 belongs to a registry when it says how to log in, a
 * 200 when it names the API or has the body that registries send.
 * @see OCI distribution-spec 1.1, "Determining Support"
 */
export const ping = async (
  auth: Auth,
  host: string,
  credential: Credential,
  budget: ReadBudget,
): Promise<Pong> => {
  const answer = await auth.send({
    host,
    path: '/v2/',
    method: 'GET',
    accept: 'application/json',
    stage: 'manifest',
    credential,
    budget,
  });
  if (!answer.ok) return unavailableBy(answer.failure);
  return readPong(answer, { host, stage: 'manifest', what: 'its registry API' }, budget);
};
