import * as z from 'zod';
import { ok, type Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import { reject, rejectUnreadable, type Rejection } from '../rejection.ts';
import type { CandidateLayer } from '../verification.ts';
import { readAnnotatedMaterial } from './annotated-material.ts';
import { base64Field, firstIssue } from './fields.ts';
import type { SignedMaterial, SignedPayload } from './signed-material.ts';

const mediaType = 'application/vnd.dsse.envelope.v1+json';
const maxEnvelope = 16 * 1024 * 1024;
const maxSignatures = 8;
/** An envelope is one long text and little else. */
const limits = { values: 1000, escapes: 100_000 };

/**
 * What an envelope holds that counts: `keyid` is a hint that nobody signed.
 * @see https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
 */
export const envelopeFields = z.object({
  payload: base64Field,
  payloadType: z.string().max(256),
  signatures: z.array(z.object({ sig: base64Field })).min(1),
});
type Envelope = z.infer<typeof envelopeFields>;

/**
 * The pre-authentication encoding of type and payload: what is signed.
 * @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 */
const preAuthEncoding = (type: string, payload: Uint8Array): Uint8Array => {
  const typeBytes = Buffer.from(type, 'utf8');
  const head = `DSSEv1 ${typeBytes.length} ${type} ${payload.length} `;
  return new Uint8Array(Buffer.concat([Buffer.from(head, 'utf8'), payload]));
};

/** What is signed by an envelope, and by what. */
export const signedEnvelope = (
  envelope: Envelope,
): Pick<SignedMaterial, 'message' | 'signatures'> & { readonly payload: SignedPayload } => ({
  payload: { kind: 'dsse', type: envelope.payloadType, bytes: envelope.payload },
  message: { bytes: preAuthEncoding(envelope.payloadType, envelope.payload) },
  signatures: envelope.signatures.map(({ sig }) => sig),
});

/** An envelope in a layer, as cosign wrote it to the tag `.att`. */
export const readDsse = (layer: CandidateLayer): Result<SignedMaterial, Rejection> => {
  if (layer.mediaType !== mediaType) return reject('unreadable', `its layer is not of the type ${mediaType}`);
  if (layer.bytes.length > maxEnvelope)
    return reject('limit', `its envelope is larger than ${maxEnvelope} bytes`);
  const json = readJsonObject(layer.bytes, limits);
  if (!json.ok) return rejectUnreadable('its envelope', json.error);
  const envelope = envelopeFields.safeParse(json.value);
  if (!envelope.success) return reject('unreadable', `its envelope has ${firstIssue(envelope.error)}`);
  if (envelope.data.signatures.length > maxSignatures)
    return reject('limit', `its envelope has more than ${maxSignatures} signatures`);
  const beside = readAnnotatedMaterial(layer);
  if (!beside.ok) return beside;
  // cosign lets the whole envelope be stamped, not its signature.
  return ok({ form: 'dsse', ...signedEnvelope(envelope.data), ...beside.value, stamped: layer.bytes });
};
