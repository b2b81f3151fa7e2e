import { absent, known, unavailableBy } from '../../../core/facts/fact.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import type { Credential, ReadBudget, RegistryAnswer } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import { readOfferedSchemes } from '../auth/auth-scheme.ts';
import { readContentBody } from './content-body.ts';
import { failureOf, statusAnswer, type ReceivedResponse, type Subject } from './failure.ts';
import type { HttpResponse } from '../http/http.ts';

const maxBody = 64 * 1024;

/** The header of Docker Registry API V2. The OCI specification dropped it; most registries still send it. */
const namesApi = ({ headers }: HttpResponse): boolean =>
  headers['docker-distribution-api-version']?.includes('registry/2.') === true;

const offersLogin = ({ headers }: HttpResponse): boolean =>
  readOfferedSchemes(headers['www-authenticate']).ok;

/** Registries send a JSON object or nothing with their 200. A web page is neither. */
const looksLikeRegistry = (body: Uint8Array): boolean => body.length === 0 || readJsonObject(body).ok;

type PingAnswer = RegistryAnswer<{ readonly realm?: string }>;

const readOk = async (
  { response, realm }: ReceivedResponse,
  subject: Subject,
  budget: ReadBudget,
): Promise<PingAnswer> => {
  const reached = known(realm === undefined ? {} : { realm });
  if (namesApi(response)) {
    response.discard();
    return reached;
  }
  const body = await readContentBody(response, subject, { max: maxBody }, budget);
  if (!body.ok) return body.error.kind === 'limit' ? absent : unavailableBy(body.error);
  return looksLikeRegistry(body.value) ? reached : absent;
};

const readAnswer = (
  answer: ReceivedResponse,
  subject: Subject,
  budget: ReadBudget,
): Promise<PingAnswer> | PingAnswer => {
  const { response } = answer;
  if (response.status === 401 && !namesApi(response) && !offersLogin(response)) {
    response.discard();
    return absent;
  }
  if (response.status !== 200) return statusAnswer(answer, subject);
  if (!answer.isWithheld) return readOk(answer, subject, budget);
  // The caller wants to know whether the credential is good. The registry has not seen it, so that is not known.
  response.discard();
  const { why = '', ...remedy } = answer.remark ?? {};
  return unavailableBy({ ...failureOf(subject, 'denied', why), ...remedy });
};

/**
 * `GET /v2/` with a credential, as `docker login` does. A server is a registry when its 401 offers a login, or when its 200
 * names the API or has the body of a registry.
 * @see OCI distribution-spec 1.1, "Determining Support"
 */
export const ping = async (
  auth: Auth,
  host: string,
  credential: Credential,
  budget: ReadBudget,
): Promise<PingAnswer> => {
  const answer = await auth.send({
    host,
    path: '/v2/',
    method: 'GET',
    accept: 'application/json',
    stage: 'manifest',
    credential,
    budget,
  });
  if (!answer.ok) return unavailableBy(answer.error);
  return readAnswer(answer.value, { host, stage: 'manifest', what: 'its registry API' }, budget);
};
