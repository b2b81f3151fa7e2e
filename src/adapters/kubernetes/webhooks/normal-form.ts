import { X509Certificate } from 'node:crypto';
import { isJsonObject, objectOf, type JsonObject } from '../../../core/text/json/json.ts';
import { pemCertificates } from '../../../core/text/pem.ts';

/** One webhook of a configuration in a form that compares by text: defaults filled in, order removed. */
export interface NormalWebhook {
  readonly name: string;
  /** Every single thing it is asked about, e.g. `CREATE apps/v1/deployments (*)`. */
  readonly rules: ReadonlySet<string>;
  /** Every other field by name, as text. */
  readonly fields: ReadonlyMap<string, string>;
  /** SHA-256 fingerprints of the certificates in `caBundle`. */
  readonly authorities: ReadonlySet<string>;
}

/** The webhooks of a configuration, validating or mutating, by name, with the defaults of the API server. */
export const normalWebhooks = (configuration: JsonObject): ReadonlyMap<string, NormalWebhook> => {
  const webhooks = listOf(configuration['webhooks']).filter(isJsonObject).map(normalWebhook);
  return new Map(webhooks.map((webhook) => [webhook.name, webhook]));
};

const normalWebhook = (webhook: JsonObject): NormalWebhook => {
  const client = objectOf(webhook['clientConfig']);
  const fields: Readonly<Record<string, unknown>> = {
    failurePolicy: webhook['failurePolicy'] ?? 'Fail',
    matchPolicy: webhook['matchPolicy'] ?? 'Equivalent',
    sideEffects: webhook['sideEffects'] ?? 'Unknown',
    // A validating webhook has no such field, on either side of a comparison.
    reinvocationPolicy: webhook['reinvocationPolicy'] ?? 'Never',
    timeoutSeconds: webhook['timeoutSeconds'] ?? 10,
    admissionReviewVersions: listOf(webhook['admissionReviewVersions']),
    matchConditions: normalConditions(webhook['matchConditions']),
    namespaceSelector: normalSelector(webhook['namespaceSelector']),
    objectSelector: normalSelector(webhook['objectSelector']),
    'clientConfig.url': client['url'] ?? 'none',
    'clientConfig.service': normalService(client['service']),
  };
  return {
    name: textOf(webhook['name']),
    rules: new Set(listOf(webhook['rules']).filter(isJsonObject).flatMap(singleRules)),
    fields: new Map(Object.entries(fields).map(([name, value]) => [name, asText(value)])),
    authorities: fingerprints(Buffer.from(textOf(client['caBundle']), 'base64').toString('utf8')),
  };
};

/** Two lists of rules mean the same when they cover the same, however they are grouped. */
const singleRules = (rule: JsonObject): string[] => {
  const scope = textOf(rule['scope'] ?? '*');
  const places = listOf(rule['apiGroups']).flatMap((group) =>
    listOf(rule['apiVersions']).flatMap((version) =>
      listOf(rule['resources']).map((resource) =>
        [group, version, resource]
          .map(textOf)
          .filter((part) => part !== '')
          .join('/'),
      ),
    ),
  );
  const operations = listOf(rule['operations']).map(textOf);
  return operations.flatMap((operation) => places.map((place) => `${operation} ${place} (${scope})`));
};

const normalConditions = (conditions: unknown): readonly string[] =>
  listOf(conditions)
    .filter(isJsonObject)
    .map((condition) => `${textOf(condition['name'])}: ${textOf(condition['expression'])}`)
    .sort();

/** `matchLabels` are `In` expressions with one value. */
const normalSelector = (selector: unknown): readonly string[] => {
  const { matchLabels, matchExpressions } = objectOf(selector);
  const byLabel = Object.entries(objectOf(matchLabels)).map(([key, value]) => asText([key, 'In', [value]]));
  const byExpression = listOf(matchExpressions)
    .filter(isJsonObject)
    .map(({ key, operator, values }) => asText([key, operator, listOf(values).map(textOf).sort()]));
  return [...byLabel, ...byExpression].sort();
};

const normalService = (service: unknown): string => {
  if (!isJsonObject(service)) return 'none';
  const { namespace, name, path, port } = service;
  return `${textOf(name)}.${textOf(namespace)}.svc:${textOf(port ?? 443)}${textOf(path ?? '/')}`;
};

/** The fingerprints of the certificates in a PEM bundle. A part that cannot be read is ignored. */
export const fingerprints = (pem: string): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const block of pemCertificates(pem).blocks) {
    try {
      found.add(new X509Certificate(block).fingerprint256);
    } catch {
      continue;
    }
  }
  return found;
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const textOf = (value: unknown): string => (value === undefined ? '' : asText(value));
