import { absent, known, unavailable, type Fact } from '../../../core/facts/fact.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { isDnsLabel, isDnsSubdomain } from '../../../core/text/dns-name.ts';
import { maxPullSecrets } from '../../../core/workload/pull-context.ts';
import { readPullSecret } from '../../../evidence/credential/pull-secret.ts';
import type { PullSecrets } from '../../../evidence/ports.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { type ApiResource, secretsResource, serviceAccountsResource } from '../client/resource.ts';

/** A Secret holds at most 1 MiB, a third more in base64, beside metadata that may be as large as 256 KiB twice. */
const maxObjectBytes = 3 * 1024 * 1024;

interface Wanted {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
}

/**
 * The advice when RBAC refuses: the command that prints the missing rule. Short, because decisions keep 128
 * characters of each tried credential, and the command must be among them.
 */
const forbidden = ({ namespace }: Wanted): string =>
  `RBAC forbids it: \`imagegate manifests --pull-secrets ${namespace}\` grants it`;

const factOf = (problem: ApiProblem, wanted: Wanted, what: string): Fact<never> => {
  if (problem.status === 404) return absent;
  return unavailable(what, problem.status === 403 ? forbidden(wanted) : problem.message);
};

const nameOf = (item: JsonValue): readonly string[] => {
  const name = isJsonObject(item) ? item['name'] : undefined;
  return typeof name === 'string' && name !== '' ? [name] : [];
};

/**
 * Reads pull secrets by name, one GET each, from the namespace that is asked for and no other (B29). It never lists or
 * watches: the right that it needs is `get`, and a Secret that no Pod names is never seen.
 */
export const createPullSecrets = (client: ApiClient): PullSecrets => {
  const get = async (wanted: Wanted, what: string, signal: AbortSignal): Promise<Fact<JsonObject>> => {
    // Servers and proxies shorten `secrets/..` to another path, however it is escaped.
    if (!isDnsLabel(wanted.namespace) || !isDnsSubdomain(wanted.name)) return absent;
    const answer = await client.request({ verb: 'get', maxBytes: maxObjectBytes, ...wanted }, signal);
    return answer.ok ? known(answer.value) : factOf(answer.error, wanted, what);
  };
  return {
    secret: async (namespace, name, signal) => {
      const what = `the Secret ${namespace}/${name}`;
      const found = await get({ resource: secretsResource, namespace, name }, what, signal);
      return found.state === 'known' ? readPullSecret(found.value, what) : found;
    },
    serviceAccount: async (namespace, name, signal) => {
      const what = `the service account ${namespace}/${name}`;
      const found = await get({ resource: serviceAccountsResource, namespace, name }, what, signal);
      if (found.state !== 'known') return found;
      const { imagePullSecrets } = found.value;
      const listed: readonly JsonValue[] = Array.isArray(imagePullSecrets) ? imagePullSecrets : [];
      return known(listed.slice(0, maxPullSecrets).flatMap(nameOf));
    },
  };
};
