import * as z from 'zod';
import { ok, type Result } from '../../../core/result.ts';
import { pemCertificates } from '../../../core/text/pem.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import { readLogAnnotation } from '../log/log-entry.ts';
import { reject, rejectUnreadable, type Rejection } from '../rejection.ts';
import { readBase64 } from '../signature/base64.ts';
import type { CandidateLayer } from '../verification.ts';
import { base64Field, firstIssue } from './fields.ts';
import type { SignedMaterial } from './signed-material.ts';

/** Where cosign kept certificate, chain, log entry and timestamp up to version 2: beside the layer. */
const annotation = {
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  log: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

const maxText = 128 * 1024;
export const maxCertificates = 8;

type AnnotatedMaterial = Pick<SignedMaterial, 'certificates' | 'entries' | 'entriesNeed' | 'timestamps'>;

const readPem = (text: string): Result<readonly Uint8Array[], Rejection> => {
  if (text.length > maxText) return reject('limit', 'its certificates are larger than is read');
  const { blocks, isCut } = pemCertificates(text);
  if (blocks.length > maxCertificates)
    return reject('limit', `it has more than ${maxCertificates} certificates`);
  const certificates = blocks.map((block) =>
    readBase64(block.replace(/-----(?:BEGIN|END) CERTIFICATE-----/g, '').replace(/\s/g, '')),
  );
  const readable = certificates.filter((one) => one !== undefined);
  return isCut || readable.length < certificates.length || readable.length === 0
    ? reject('unreadable', 'its certificates are no PEM')
    : ok(readable);
};

const readCertificates = ({
  [annotation.certificate]: certificate,
  [annotation.chain]: chain,
}: Readonly<Record<string, string>>): Result<readonly Uint8Array[], Rejection> => {
  if (certificate === undefined || certificate === '') return ok([]);
  const [leaf, above] = [readPem(certificate), chain ? readPem(chain) : ok([])];
  if (!leaf.ok) return leaf;
  if (!above.ok) return above;
  return ok([...leaf.value.slice(0, 1), ...above.value].slice(0, maxCertificates + 1));
};

const timestampFields = z.object({ SignedRFC3161Timestamp: base64Field });

const readTimestamp = (text: string): Result<Uint8Array, Rejection> => {
  if (text.length > maxText) return reject('limit', 'its timestamp is larger than is read');
  const json = readJsonObject(Buffer.from(text, 'utf8'));
  if (!json.ok) return rejectUnreadable('its timestamp', json.error);
  const fields = timestampFields.safeParse(json.value);
  return fields.success
    ? ok(fields.data.SignedRFC3161Timestamp)
    : reject('unreadable', `its timestamp has ${firstIssue(fields.error)}`);
};

/**
 * What stands beside a layer of cosign. A log entry or timestamp that cannot be read is as good as none: it spoils neither
 * the signature nor the others (G8).
 */
export const readAnnotatedMaterial = ({
  annotations,
}: CandidateLayer): Result<AnnotatedMaterial, Rejection> => {
  const certificates = readCertificates(annotations);
  if (!certificates.ok) return certificates;
  const log = annotations[annotation.log];
  const stamp = annotations[annotation.timestamp];
  const entry = log ? readLogAnnotation(log) : undefined;
  const timestamp = stamp ? readTimestamp(stamp) : undefined;
  return ok({
    certificates: certificates.value,
    entries: entry?.ok === true ? [entry.value] : [],
    entriesNeed: 'promise',
    timestamps: timestamp?.ok === true ? [timestamp.value] : [],
  });
};
