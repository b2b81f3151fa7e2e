import type { KeyObject, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { describePolicyProblem } from '../../core/policy/load/problem-path.ts';
import { findForbiddenKeys, problemsOf } from '../../core/policy/load/schema-problem.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { maxRootsLength } from '../../core/trust-root/schema.ts';
import { endOf, quote } from '../../core/text/cut-middle.ts';
import { readJsonObject } from '../../core/text/json/json-document.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { certificateChain, logId, logKey, validityPeriod, type KeyDetails } from './trusted-root-entry.ts';

/** Both ends are inclusive. Milliseconds since 1970; without an end it goes on. */
export interface ValidityPeriod {
  readonly start: number;
  readonly end?: number;
}

/** A certificate authority or timestamp authority. */
export interface TrustedAuthority {
  readonly uri: string;
  /** What a threshold counts once: two authorities of one operator are one. Empty where the root does not say. */
  readonly operator: string;
  /**
   * Each is issued by the next, and the last is the anchor. All have the CA bit; a timestamp authority may begin with the
   * certificate that signs timestamps, which has it not.
   */
  readonly certificates: readonly X509Certificate[];
  readonly validFor: ValidityPeriod;
}

/** A transparency log, or a log of certificates. */
export interface TrustedLog {
  /** The origin of its checkpoints, with or without a scheme. */
  readonly baseUrl: string;
  readonly operator: string;
  readonly keyId: Buffer;
  readonly checkpointKeyId?: Buffer;
  readonly key: KeyObject;
  readonly keyDetails: KeyDetails;
  readonly validFor: ValidityPeriod;
}

/** What a `trusted_root.json` names. */
export interface TrustedRoot {
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
  readonly tlogs: readonly TrustedLog[];
  readonly ctlogs: readonly TrustedLog[];
}

/** Of `gh`'s form, which has one trusted root a line. */
const maxLines = 16;
const maxEntries = 64;

const text = z.string().max(512);
const distinguishedName = z.strictObject({
  organization: text.default(''),
  commonName: text.default(''),
});

const authorities = (mayBeginWithSigner: boolean) =>
  z
    .array(
      z.strictObject({
        subject: distinguishedName.exactOptional(),
        uri: text.default(''),
        certChain: certificateChain(mayBeginWithSigner),
        validFor: validityPeriod,
        operator: text.default(''),
      }),
    )
    .max(maxEntries)
    .default([]);

const logs = z
  .array(
    z.strictObject({
      baseUrl: text.min(1),
      hashAlgorithm: z.literal('SHA2_256'),
      publicKey: logKey,
      logId,
      checkpointKeyId: logId.exactOptional(),
      operator: text.default(''),
    }),
  )
  .max(maxEntries)
  .default([]);

/**
 * The message TrustedRoot in JSON. Unknown fields are refused, as sigstore-go does: a misspelt `end` would make a log
 * trusted for ever.
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
const trustedRootSchema = z.strictObject({
  mediaType: z.enum([
    'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    'application/vnd.dev.sigstore.trustedroot.v0.1+json',
    'application/vnd.dev.sigstore.trustedroot.v0.2+json',
  ]),
  tlogs: logs,
  certificateAuthorities: authorities(false),
  ctlogs: logs,
  timestampAuthorities: authorities(true),
});

type Parsed = z.output<typeof trustedRootSchema>;

const logOf = ({
  publicKey,
  logId,
  checkpointKeyId,
  baseUrl,
  operator,
}: Parsed['tlogs'][number]): TrustedLog => ({
  baseUrl,
  operator,
  keyId: logId.keyId,
  ...(checkpointKeyId === undefined ? {} : { checkpointKeyId: checkpointKeyId.keyId }),
  ...publicKey,
});

const authorityOf = ({
  certChain,
  uri,
  operator,
  validFor,
}: Parsed['certificateAuthorities'][number]): TrustedAuthority => ({
  uri,
  operator,
  certificates: certChain.certificates,
  validFor,
});

const fromObject = (object: JsonObject): Result<TrustedRoot, readonly string[]> => {
  const forbidden = findForbiddenKeys(object);
  if (forbidden.length > 0) return fail(forbidden.map(describePolicyProblem));
  const read = trustedRootSchema.safeParse(object);
  if (!read.success)
    return fail(problemsOf(read.error, object, trustedRootSchema).map(describePolicyProblem));
  return ok({
    certificateAuthorities: read.data.certificateAuthorities.map(authorityOf),
    timestampAuthorities: read.data.timestampAuthorities.map(authorityOf),
    tlogs: read.data.tlogs.map(logOf),
    ctlogs: read.data.ctlogs.map(logOf),
  });
};

const fromJson = (json: string): Result<TrustedRoot, readonly string[]> => {
  const object = readJsonObject(Buffer.from(json));
  if (object.ok) return fromObject(object.value);
  const end = quote(endOf(json.trimEnd(), 40));
  return fail([`${object.error.why}; a trusted_root.json belongs here, and this text ends with ${end}`]);
};

/** The objects of a text: the whole text is one, or each of its lines is, as `gh attestation trusted-root` prints them. */
const objectsOf = (content: string): readonly string[] => {
  const lines = content.split('\n').filter((line) => line.trim() !== '');
  return lines[0]?.trimEnd().endsWith('}') === true ? lines : [content];
};

const sameLog = (a: TrustedLog, b: TrustedLog): boolean =>
  a.key.equals(b.key) &&
  a.keyDetails === b.keyDetails &&
  a.baseUrl === b.baseUrl &&
  a.operator === b.operator &&
  a.validFor.start === b.validFor.start &&
  a.validFor.end === b.validFor.end;

const idOf = (log: TrustedLog): string => log.keyId.toString('hex');

/** Each log once. @returns the entries that contradict one with the same id, in words */
const uniteLogs = (
  what: string,
  all: readonly TrustedLog[],
): Result<readonly TrustedLog[], readonly string[]> => {
  const byId = new Map<string, TrustedLog>();
  const problems: string[] = [];
  for (const log of all) {
    const former = byId.get(idOf(log));
    if (former === undefined) byId.set(idOf(log), log);
    // An old entry that never ends would keep the key of a retired log trusted beside the entry that ends it.
    else if (!sameLog(former, log)) {
      problems.push(
        `${what}: two entries for the log ${log.keyId.toString('base64')} do not agree; keep one of them`,
      );
    }
  }
  return problems.length > 0 ? fail([...new Set(problems)]) : ok([...byId.values()]);
};

/** What all of them trust together. */
const unite = (roots: readonly TrustedRoot[]): Result<TrustedRoot, readonly string[]> => {
  const tlogs = uniteLogs(
    'tlogs',
    roots.flatMap((root) => root.tlogs),
  );
  const ctlogs = uniteLogs(
    'ctlogs',
    roots.flatMap((root) => root.ctlogs),
  );
  if (!tlogs.ok || !ctlogs.ok) return fail([tlogs, ctlogs].flatMap((one) => (one.ok ? [] : one.error)));
  const united = {
    certificateAuthorities: roots.flatMap((root) => root.certificateAuthorities),
    timestampAuthorities: roots.flatMap((root) => root.timestampAuthorities),
    tlogs: tlogs.value,
    ctlogs: ctlogs.value,
  };
  const isEmpty = Object.values(united).every((entries) => entries.length === 0);
  return isEmpty ? fail(['names no certificate authority, no log and no timestamp authority']) : ok(united);
};

/**
 * Reads a `trusted_root.json`, or the lines that `gh attestation trusted-root` prints; several lines are trusted together.
 * Each certificate and key in it can be read, each chain holds, and each entry says when it begins to be valid (S9): without
 * a start the key of a log would be trusted for times long before it was made.
 * @returns the root, or every problem with its place; never throws
 */
export const readTrustedRoot = (content: string): Result<TrustedRoot, readonly string[]> => {
  if (content.length > maxRootsLength) return fail(['is larger than 256 KiB']);
  if (content.trim() === '') return fail(['is empty']);
  const objects = objectsOf(content);
  if (objects.length > maxLines) return fail([`has more than ${maxLines} lines, each a trusted root`]);
  const read = objects.map((object) => fromJson(object));
  const problems = read.flatMap((one, index) => {
    if (one.ok) return [];
    return objects.length === 1 ? one.error : one.error.map((problem) => `line ${index + 1}: ${problem}`);
  });
  return problems.length > 0 ? fail(problems) : unite(read.flatMap((one) => (one.ok ? [one.value] : [])));
};
