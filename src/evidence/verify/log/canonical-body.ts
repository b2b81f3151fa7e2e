import { objectOf, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { hashNames } from '../form/fields.ts';
import { hashOf } from '../signature/message.ts';
import type { LoggedSignature } from './logged-signature.ts';

/** What says nothing but how the key is used: the one word that is taken from the entry. */
const keyDetails = /^PK(IX|CS1)_[A-Z0-9_]{1,64}$/;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const verifierOf = ({ verifier: { kind, der } }: LoggedSignature, details: string): string => {
  const field = kind === 'certificate' ? 'x509Certificate' : 'publicKey';
  return `{"keyDetails":"${details}","${field}":{"rawBytes":"${base64(der)}"}}`;
};

const hashJson = (name: string, hash: Uint8Array): string =>
  `{"algorithm":"${name}","digest":"${base64(hash)}"}`;

const hashedRekord = (spec: JsonObject, logged: LoggedSignature): string | undefined => {
  const name = textOf(objectOf(spec['data'])['algorithm']);
  const algorithm = hashNames[name];
  const hash = algorithm && hashOf(logged.message, algorithm);
  const details = textOf(objectOf(objectOf(spec['signature'])['verifier'])['keyDetails']);
  if (hash === undefined || !keyDetails.test(details)) return undefined;
  const signature = `{"content":"${base64(logged.signature)}","verifier":${verifierOf(logged, details)}}`;
  const inner = `{"data":${hashJson(name, hash)},"signature":${signature}}`;
  return `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":${inner}}}`;
};

const dsse = (spec: JsonObject, logged: LoggedSignature): string | undefined => {
  const name = textOf(objectOf(spec['payloadHash'])['algorithm']);
  const algorithm = hashNames[name];
  const hash = algorithm && logged.payload && hashOf({ bytes: logged.payload }, algorithm);
  const signatures = Array.isArray(spec['signatures']) ? (spec['signatures'] as readonly unknown[]) : [];
  const details = textOf(objectOf(objectOf(signatures[0])['verifier'])['keyDetails']);
  if (hash === undefined || signatures.length !== 1 || !keyDetails.test(details)) return undefined;
  const signature = `{"content":"${base64(logged.signature)}","verifier":${verifierOf(logged, details)}}`;
  const inner = `{"payloadHash":${hashJson(name, hash)},"signatures":[${signature}]}`;
  return `{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":${inner}}}`;
};

/**
 * The whole leaf that Rekor v2 would hold about this signature, made anew: compared with the leaf of the entry it binds key,
 * signature and digest at once, and no field is forgotten (S6).
 * @returns none where the entry is of another kind
 * @see https://github.com/sigstore/rekor-tiles/blob/main/api/proto/rekor/v2/entry.proto
 * @see RFC 8785, by which the leaf is written
 */
export const canonicalBodyOf = (body: JsonObject, logged: LoggedSignature): string | undefined => {
  if (body['apiVersion'] !== '0.0.2') return undefined;
  const spec = objectOf(body['spec']);
  if (body['kind'] === 'hashedrekord') return hashedRekord(objectOf(spec['hashedRekordV002']), logged);
  if (body['kind'] === 'dsse') return dsse(objectOf(spec['dsseV002']), logged);
  return undefined;
};
