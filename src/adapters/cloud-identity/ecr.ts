import type { Clock } from '../../concurrency/clock.ts';
import { known, unavailable } from '../../core/facts/fact.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CloudIdentity } from '../../evidence/ports.ts';
import { isHeaderText, readDocument } from './answer.ts';
import { ecrEndpoint, parseEcrHost, type EcrHost } from './aws-host.ts';
import type { ReadAwsKeys } from './aws-keys.ts';
import type { CloudHttp } from './cloud-http.ts';
import { signed } from './sigv4.ts';

interface EcrOptions {
  readonly http: CloudHttp;
  readonly clock: Pick<Clock, 'now'>;
  readonly keys: ReadAwsKeys;
  /** `https://api.ecr.<region>.amazonaws.com`; another one in tests. */
  readonly endpoint?: (host: EcrHost) => string;
}

const step = 'GetAuthorizationToken of ECR';
const target = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken';

/** `AWS:<password>` in base64. */
const passwordOf = (token: JsonValue | undefined): string | undefined => {
  if (typeof token !== 'string' || !isHeaderText(token)) return undefined;
  const text = Buffer.from(token, 'base64').toString();
  const password = text.startsWith('AWS:') ? text.slice('AWS:'.length) : '';
  return isHeaderText(password) ? password : undefined;
};

const readAuthorization = (
  document: JsonObject,
): Result<{ readonly password: string; readonly expires: number }, string> => {
  const list = document['authorizationData'];
  const [first] = Array.isArray(list) ? (list as readonly JsonValue[]) : [];
  if (!isJsonObject(first)) return fail(`${step} answered without authorizationData`);
  const password = passwordOf(first['authorizationToken']);
  const seconds = first['expiresAt'];
  if (password === undefined) return fail(`${step} answered without a usable authorizationToken`);
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    return fail(`${step} answered without a usable expiresAt`);
  }
  return ok({ password, expires: Math.floor(seconds * 1000) });
};

/**
 * The role of this Pod as a password for the private registries of ECR. The token opens every registry that the role may
 * read, so no account is named (`registryIds` is deprecated); it is asked for in the region of the registry.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
 */
export const createEcrIdentity = (options: EcrOptions): CloudIdentity => {
  const { http, clock, keys, endpoint = ecrEndpoint } = options;
  return {
    name: 'ECR',
    covers: (host) => parseEcrHost(host) !== undefined,
    credential: async (host, signal) => {
      const what = `the AWS identity for ${host}`;
      const registry = parseEcrHost(host);
      if (registry === undefined) return unavailable(what, 'it is no private registry of ECR');
      const held = await keys(signal);
      if (!held.ok) return unavailable(what, held.error);
      const url = new URL('/', endpoint(registry));
      const body = '{}';
      const headers = signed(
        {
          method: 'POST',
          host: url.host,
          headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
          body,
        },
        { region: registry.region, service: 'ecr', keys: held.value, time: clock.now() },
      );
      const answer = await http.ask({ step, url, method: 'POST', headers, body, direct: false }, signal);
      if (!answer.ok) return unavailable(what, answer.error);
      const document = readDocument(step, answer.value);
      const found = document.ok ? readAuthorization(document.value) : document;
      if (!found.ok) return unavailable(what, found.error);
      const { password, expires } = found.value;
      return known({ secret: { kind: 'basic', username: 'AWS', password }, expires });
    },
  };
};
