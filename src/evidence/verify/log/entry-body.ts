import * as z from 'zod';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { isSameBytes } from '../certificate/certificate.ts';
import { base64Field } from '../form/fields.ts';
import { readBase64 } from '../signature/base64.ts';
import { hashOf, type Message } from '../signature/message.ts';
import { canonicalBodyOf } from './canonical-body.ts';
import type { LogEntry } from './log-entry.ts';
import type { LoggedSignature } from './logged-signature.ts';

const hashFields = z.object({
  algorithm: z.enum(['sha256', 'sha384', 'sha512']),
  value: z.string(),
});

const labels = { CERTIFICATE: 'certificate', 'PUBLIC KEY': 'key' } as const;

/** The one block of a PEM text. */
const readPem = (pem: string): LoggedSignature['verifier'] | undefined => {
  const lines = pem.trim().split(/\r?\n/);
  for (const [label, kind] of Object.entries(labels)) {
    if (lines[0] !== `-----BEGIN ${label}-----` || lines.at(-1) !== `-----END ${label}-----`) continue;
    const der = readBase64(lines.slice(1, -1).join(''));
    return der && { kind, der };
  }
  return undefined;
};

/** One PEM block, in base64 once more. */
const verifierField = base64Field.transform((bytes, context): LoggedSignature['verifier'] => {
  const verifier = readPem(Buffer.from(bytes).toString('latin1'));
  if (verifier !== undefined) return verifier;
  context.addIssue('is no PEM');
  return z.NEVER;
});

/** cosign puts base64 into base64 here. */
const base64TwiceField = base64Field.transform((bytes, context): Uint8Array => {
  const inner = readBase64(Buffer.from(bytes).toString('latin1'));
  if (inner !== undefined) return inner;
  context.addIssue('is not base64 twice');
  return z.NEVER;
});

/** What an entry of Rekor v1 says, in the words of all its kinds. */
interface LoggedFields {
  readonly hash: z.infer<typeof hashFields>;
  /** Of what the hash is: what was signed, the payload in it, or the whole envelope. */
  readonly of: 'message' | 'payload' | 'envelope';
  readonly signatures: readonly {
    /** Absent where the hash of the envelope stands for it. */
    readonly signature?: Uint8Array;
    readonly verifier: LoggedSignature['verifier'];
  }[];
}

const hashedRekord = z
  .object({
    spec: z.object({
      data: z.object({ hash: hashFields }),
      signature: z.object({ content: base64Field, publicKey: z.object({ content: verifierField }) }),
    }),
  })
  .transform(({ spec: { data, signature } }): LoggedFields => ({
    hash: data.hash,
    of: 'message',
    signatures: [{ signature: signature.content, verifier: signature.publicKey.content }],
  }));

const dsse = z
  .object({
    spec: z.object({
      payloadHash: hashFields,
      signatures: z
        .array(z.object({ signature: base64Field, verifier: verifierField }))
        .min(1)
        .max(8),
    }),
  })
  .transform(({ spec: { payloadHash, signatures } }): LoggedFields => ({
    hash: payloadHash,
    of: 'payload',
    signatures,
  }));

const intoto = z
  .object({
    spec: z.object({
      content: z.object({
        envelope: z.object({
          signatures: z
            .array(z.object({ sig: base64TwiceField, publicKey: verifierField }))
            .min(1)
            .max(8),
        }),
        payloadHash: hashFields,
      }),
    }),
  })
  .transform(({ spec: { content } }): LoggedFields => ({
    hash: content.payloadHash,
    of: 'payload',
    signatures: content.envelope.signatures.map(({ sig, publicKey }) => ({
      signature: sig,
      verifier: publicKey,
    })),
  }));

/**
 * As cosign 1 logged its attestations: the hash of the envelope stands for the signature, which the entry does not name. A
 * bundle does not hold these bytes, so nothing in it could be compared with the entry: there it counts for nothing (S6).
 * @see https://github.com/sigstore/rekor/blob/main/pkg/types/intoto/v0.0.1/intoto_v0_0_1_schema.json
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto, `canonicalized_body`
 */
const oldIntoto = z
  .object({ spec: z.object({ content: z.object({ hash: hashFields }), publicKey: verifierField }) })
  .transform(({ spec: { content, publicKey } }): LoggedFields => ({
    hash: content.hash,
    of: 'envelope',
    signatures: [{ verifier: publicKey }],
  }));

/** Kinds of Rekor v1, with their version. */
const kindsOfV1: Readonly<Record<string, z.ZodType<LoggedFields>>> = {
  'hashedrekord 0.0.1': hashedRekord,
  'dsse 0.0.1': dsse,
  'intoto 0.0.1': oldIntoto,
  'intoto 0.0.2': intoto,
};

/** What an entry names by its hash. */
const namedBy = (
  { of }: LoggedFields,
  { message, payload, envelope }: LoggedSignature,
): Message | undefined => {
  if (of === 'message') return message;
  const bytes = of === 'payload' ? payload : envelope;
  return bytes && { bytes };
};

/** The entry stands for bytes that came without it. */
const namesNothingHere = ({ of }: LoggedFields, { envelope }: LoggedSignature): boolean =>
  of === 'envelope' && envelope === undefined;

const isSameHash = (fields: LoggedFields, logged: LoggedSignature): boolean => {
  const named = namedBy(fields, logged);
  const hash = named && hashOf(named, fields.hash.algorithm);
  return hash !== undefined && Buffer.from(hash).toString('hex') === fields.hash.value;
};

const whyOther = (fields: LoggedFields, logged: LoggedSignature): string | undefined => {
  if (namesNothingHere(fields, logged))
    return 'is of the kind intoto 0.0.1, which names no signature and so proves nothing in a bundle';
  const own = fields.signatures.find(
    ({ signature }) => signature === undefined || isSameBytes(signature, logged.signature),
  );
  if (own === undefined) return 'is about another signature';
  // CVE-2026-22703, G2: an entry by the key of somebody else says nothing about this one.
  const { kind, der } = logged.verifier;
  if (own.verifier.kind !== kind || !isSameBytes(own.verifier.der, der)) return 'is about another key';
  return isSameHash(fields, logged) ? undefined : 'is about another digest';
};

/** `rekor2`: the log has version 2, its entries name no time. */
export type BodyCheck =
  { readonly isAbout: true; readonly rekor2: boolean } | { readonly isAbout: false; readonly why: string };

const checkBody = (body: JsonObject, entry: LogEntry, logged: LoggedSignature): BodyCheck => {
  if (body['kind'] !== entry.kind || body['apiVersion'] !== entry.version)
    return { isAbout: false, why: 'is of another kind than it says' };
  const schema = kindsOfV1[`${entry.kind} ${entry.version}`];
  if (schema !== undefined) {
    const fields = schema.safeParse(body);
    const why = fields.success ? whyOther(fields.data, logged) : 'has a body that cannot be read';
    return why === undefined ? { isAbout: true, rekor2: false } : { isAbout: false, why };
  }
  const canonical = canonicalBodyOf(body, logged);
  if (canonical === undefined) return { isAbout: false, why: 'is of a kind that is not known' };
  return isSameBytes(Buffer.from(canonical, 'utf8'), entry.body)
    ? { isAbout: true, rekor2: true }
    : { isAbout: false, why: 'is about another key, signature or digest' };
};

/** Whether an entry is about this signature, by this key, of this digest; G2. Not yet, whether a log holds it. */
export const checkEntryBody = (entry: LogEntry, logged: LoggedSignature): BodyCheck => {
  const body = readJsonObject(entry.body);
  return body.ok
    ? checkBody(body.value, entry, logged)
    : { isAbout: false, why: `has a body that cannot be read: ${body.error.why}` };
};
