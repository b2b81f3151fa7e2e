import { absent, known, unavailable } from '../../core/facts/fact.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import type { PullSecrets } from '../ports.ts';

type PullSecret = Awaited<ReturnType<PullSecrets['secret']>>;

/** The types of Secrets that the kubelet uses for pulls, and the key of their data. */
const pullTypes = new Map([
  ['kubernetes.io/dockerconfigjson', { key: '.dockerconfigjson', type: 'dockerconfigjson' }],
  ['kubernetes.io/dockercfg', { key: '.dockercfg', type: 'dockercfg' }],
] as const);

const decode = (base64: string): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
};

const fieldOf = (map: JsonValue | undefined, key: string): string | undefined => {
  const value = isJsonObject(map) ? map[key] : undefined;
  return typeof value === 'string' ? value : undefined;
};

/**
 * Reads a Secret. A Secret of another type does not count, as in the kubelet: it may be a token or a key.
 * `stringData` occurs only in manifests, and wins over `data` as in the API server.
 */
export const readPullSecret = ({ type, data, stringData }: JsonObject, what: string): PullSecret => {
  const form = [...pullTypes].find(([name]) => name === type)?.[1];
  if (form === undefined) return absent;
  const plain = fieldOf(stringData, form.key);
  if (plain !== undefined) return known({ type: form.type, text: plain });
  const base64 = fieldOf(data, form.key);
  if (base64 === undefined) return absent;
  const text = decode(base64);
  return text === undefined ? unavailable(what, 'it holds no UTF-8 text') : known({ type: form.type, text });
};
