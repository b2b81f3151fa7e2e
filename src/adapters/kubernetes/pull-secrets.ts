import { absent, known, unavailable, type Fact } from '../../core/facts/fact.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { isNamespaceName, isObjectName } from '../../core/workload/object-name.ts';
import { maxPullSecrets } from '../../core/workload/pull-context.ts';
import type { PullSecrets } from '../../evidence/ports.ts';
import type { ApiClient, ApiProblem } from './client.ts';
import { type ApiResource, SECRETS, SERVICE_ACCOUNTS } from './client-resource.ts';

type PullSecret = Awaited<ReturnType<PullSecrets['secret']>>;

/** A Secret holds at most 1 MiB, a third more in base64, beside metadata that may be as large as 256 KiB twice. */
const largestObject = 3 * 1024 * 1024;

/** Types of Secrets that the kubelet pulls with, and the key of their data. */
const pullTypes = new Map([
  ['kubernetes.io/dockerconfigjson', { key: '.dockerconfigjson', type: 'dockerconfigjson' }],
  ['kubernetes.io/dockercfg', { key: '.dockercfg', type: 'dockercfg' }],
] as const);

interface Wanted {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What is missing when RBAC says no: not the rule, but the command that prints it. Short, because decisions keep 128
 * characters of each credential that was tried, and the command must be among them.
 */
const forbidden = ({ namespace }: Wanted): string =>
  `RBAC forbids it: \`imagegate manifests --pull-secrets ${namespace}\` grants it`;

const factOf = (problem: ApiProblem, wanted: Wanted, what: string): Fact<never> => {
  if (problem.status === 404) return absent;
  return unavailable(what, problem.status === 403 ? forbidden(wanted) : problem.message);
};

const decode = (base64: string): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
};

/** A Secret of another type is none to the kubelet either, whatever it is called: it may be a token or a key. */
const readSecret = (secret: JsonObject, what: string): PullSecret => {
  const { type, data } = secret;
  const form = [...pullTypes].find(([name]) => name === type)?.[1];
  const base64 = form === undefined || !isJsonObject(data) ? undefined : data[form.key];
  if (form === undefined || typeof base64 !== 'string') return absent;
  const text = decode(base64);
  return text === undefined ? unavailable(what, 'it holds no UTF-8 text') : known({ type: form.type, text });
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
    if (!isNamespaceName(wanted.namespace) || !isObjectName(wanted.name)) return absent;
    const answer = await client.request({ verb: 'get', maxBytes: largestObject, ...wanted }, signal);
    return answer.ok ? known(answer.value) : factOf(answer.error, wanted, what);
  };
  return {
    secret: async (namespace, name, signal) => {
      const what = `the Secret ${namespace}/${name}`;
      const found = await get({ resource: SECRETS, namespace, name }, what, signal);
      return found.state === 'known' ? readSecret(found.value, what) : found;
    },
    serviceAccount: async (namespace, name, signal) => {
      const what = `the service account ${namespace}/${name}`;
      const found = await get({ resource: SERVICE_ACCOUNTS, namespace, name }, what, signal);
      if (found.state !== 'known') return found;
      const { imagePullSecrets } = found.value;
      const listed: readonly JsonValue[] = Array.isArray(imagePullSecrets) ? imagePullSecrets : [];
      return known(listed.slice(0, maxPullSecrets).flatMap(nameOf));
    },
  };
};
