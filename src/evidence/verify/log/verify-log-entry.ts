import { Verifier, type TrustMaterial } from '@sigstore/verify';
import type { DigestAlgorithm } from '../../../core/image/digest.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { TrustedLog } from '../../trust/trusted-root.ts';
import { isSameBytes } from '../certificate/certificate.ts';
import { readBase64 } from '../signature/base64.ts';
import { hashOf } from '../signature/message.ts';
import { checkEntryBody } from './entry-body.ts';
import type { LogEntry } from './log-entry.ts';
import { isPromised } from './promise.ts';
import type { LoggedSignature } from './logged-signature.ts';

type SignedEntity = Parameters<Verifier['verify']>[0];
type Entry = SignedEntity['tlogEntries'][number];

/** An entry that a log of the trust root holds. */
export interface HeldEntry {
  readonly log: TrustedLog;
  /** Milliseconds since 1970; absent where the log signed no time. A Rekor v2 entry alone gives none (S5). */
  readonly at?: number;
}

/** Why no log of the trust root holds it: `wrong`, in words that follow "its log entry". */
export type EntryFault = { readonly kind: 'unknown-log' } | { readonly kind: 'wrong'; readonly why: string };
const wrong = (why: string) => fail<EntryFault>({ kind: 'wrong', why });

const endOfTime = new Date(8_640_000_000_000_000);
const hashByLength: Readonly<Record<number, DigestAlgorithm>> = { 32: 'sha256', 48: 'sha384', 64: 'sha512' };

/** The one log in the form of the library: it looks for no other. */
const materialOf = ({
  baseUrl,
  key,
  keyId,
  checkpointKeyId = keyId,
  validFor,
}: TrustedLog): TrustMaterial => ({
  certificateAuthorities: [],
  timestampAuthorities: [],
  ctlogs: [],
  tlogs: [
    {
      baseURL: baseUrl,
      logID: checkpointKeyId,
      publicKey: key,
      validFor: {
        start: new Date(validFor.start),
        end: validFor.end === undefined ? endOfTime : new Date(validFor.end),
      },
    },
  ],
  publicKey: () => ({ publicKey: key, validFor: () => true }),
});

/** The signature as the library compares it with an entry. That it holds was found before. */
const contentOf = (logged: LoggedSignature): SignedEntity['signature'] => {
  const isHashOf = (digest: Buffer, message: LoggedSignature['message'] | undefined): boolean => {
    const algorithm = hashByLength[digest.length];
    const hash = algorithm && message && hashOf(message, algorithm);
    return hash !== undefined && isSameBytes(digest, hash);
  };
  return {
    signature: Buffer.from(logged.signature),
    compareSignature: (signature) => isSameBytes(signature, logged.signature),
    compareDigest: (digest) =>
      isHashOf(digest, logged.payload === undefined ? logged.message : { bytes: logged.payload }),
    compareSignedDigest: (digest) => isHashOf(digest, logged.message),
    verifySignature: () => true,
  };
};

const entryOf = ({ logId, proof, ...entry }: LogEntry): Entry => ({
  logIndex: entry.index,
  logId: { keyId: Buffer.from(logId) },
  kindVersion: { kind: entry.kind, version: entry.version },
  integratedTime: String(entry.integratedTime ?? 0),
  inclusionPromise: entry.promise && { signedEntryTimestamp: Buffer.from(entry.promise) },
  inclusionProof: proof && {
    logIndex: proof.index,
    rootHash: Buffer.from(proof.rootHash),
    treeSize: proof.treeSize,
    hashes: proof.hashes.map((hash) => Buffer.from(hash)),
    checkpoint: { envelope: proof.checkpoint },
  },
  canonicalizedBody: Buffer.from(entry.body),
});

/** Entries of cosign 1, which the library does not know. They count beside annotations, with a promise alone. */
const isOfOldKind = ({ kind, version, proof }: LogEntry): boolean =>
  kind === 'intoto' && version === '0.0.1' && proof === undefined;

/** The library finds promise, checkpoint and proof right, and the body about the signature. */
const holds = (entry: LogEntry, logged: LoggedSignature, log: TrustedLog): boolean => {
  if (isOfOldKind(entry)) return isPromised(entry, log);
  try {
    new Verifier(materialOf(log), { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 }).verify({
      signature: contentOf(logged),
      key: { $case: 'public-key', hint: '' },
      tlogEntries: [entryOf(entry)],
      timestamps: [],
    });
    return true;
  } catch {
    return false;
  }
};

/** `— name base64`. */
const isSignatureLine = (line: string): boolean => {
  const [dash, name = '', signature, ...more] = line.split(' ');
  return (
    dash === '\u2014' &&
    name !== '' &&
    more.length === 0 &&
    signature !== undefined &&
    readBase64(signature) !== undefined
  );
};

/**
 * The head that the proof names is the one that the checkpoint signs; the library looks at the latter alone. It also passes
 * over lines that are no signatures, and over characters that are no base64: two texts would be one checkpoint.
 */
const isProofOfCheckpoint = ({ proof }: LogEntry): boolean => {
  if (proof === undefined) return true;
  const [note = '', signatures = '', ...more] = proof.checkpoint.split('\n\n');
  const [, size, hash] = note.split('\n', 3);
  const lines = signatures.split('\n');
  const isWhole = more.length === 0 && lines.pop() === '';
  return (
    isWhole &&
    lines.every(isSignatureLine) &&
    size === proof.treeSize &&
    hash === Buffer.from(proof.rootHash).toString('base64')
  );
};

const isSetOf = (entry: LogEntry, { keyId, checkpointKeyId }: TrustedLog): boolean =>
  keyId.equals(entry.logId) || checkpointKeyId?.equals(entry.logId) === true;

/**
 * Looks for the log of a trust root that holds an entry about this signature. The log is unknown only where nothing else is
 * wrong, as far as that can be seen without its key.
 */
export const verifyLogEntry = (
  entry: LogEntry,
  logged: LoggedSignature,
  logs: readonly TrustedLog[],
): Result<HeldEntry, EntryFault> => {
  const body = checkEntryBody(entry, logged);
  if (!body.isAbout) return wrong(body.why);
  if (entry.promise === undefined && entry.proof === undefined) return wrong('has no proof');
  const notProven = 'is not proven by its log';
  if (!isProofOfCheckpoint(entry)) return wrong(notProven);
  const log = logs.find((one) => isSetOf(entry, one));
  if (log === undefined) return fail({ kind: 'unknown-log' });
  if (!holds(entry, logged, log)) return wrong(notProven);
  const isDated = !body.rekor2 && entry.promise !== undefined && entry.integratedTime !== undefined;
  return ok({ log, ...(isDated && { at: (entry.integratedTime ?? 0) * 1000 }) });
};
