import { fail, ok, type Result } from '../../core/result.ts';
import { objectOf, textOf } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import { exploitedList, type AdvisoryRecord } from '../../core/vulnerability/advisory.ts';
import { compileRecords, type Part, type ReadRecord } from './compile-part.ts';

/** Why a KEV file is not read. Each refuses all of it: half a list lets in what the other half names. */
export interface KevFault {
  readonly kind: 'truncated' | 'other-schema' | 'too-large' | 'not-regular';
  readonly what: string;
}

/** The list of 2025 has 1.2 MB. */
export const maxKevBytes = 64 * 1024 * 1024;
const maxRecords = 100_000;
const maxTextLength = 512;
const cveId = /^CVE-\d{4}-\d{4,19}$/;

const readRecord = (value: unknown): Result<AdvisoryRecord, string> => {
  const { cveID, dateAdded, vulnerabilityName } = objectOf(value);
  if (typeof cveID !== 'string' || !cveId.test(cveID)) return fail('a record without a CVE id');
  const time = typeof dateAdded === 'string' && /^\d{4}-\d\d-\d\d$/.test(dateAdded) ? dateAdded : undefined;
  return ok({
    advisory: { id: cveID, aliases: [], upstream: [], ratings: [] },
    affected: [{ ecosystem: exploitedList, name: cveID, ranges: [], versions: [], ratings: [] }],
    text: { summary: textOf(vulnerabilityName).slice(0, maxTextLength), references: [] },
    withdrawn: false,
    ...(time === undefined ? {} : { modified: `${time}T00:00:00Z` }),
  });
};

function* readRecords(listed: readonly unknown[]): Iterable<ReadRecord> {
  for (const [index, value] of listed.entries()) {
    const record = readRecord(value);
    yield { name: record.ok ? record.value.advisory.id : `entry ${index + 1}`, record };
  }
}

/** Compiles the catalogue of known exploited vulnerabilities, as CISA publishes it in JSON. */
export const compileKev = (bytes: Uint8Array, at: Date): Result<Part, KevFault> => {
  const value = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  if (value === undefined) return fail({ kind: 'truncated', what: 'it is no JSON' });
  const { vulnerabilities, count } = objectOf(value);
  if (!Array.isArray(vulnerabilities))
    return fail({ kind: 'other-schema', what: 'it has no list of vulnerabilities' });
  if (vulnerabilities.length > maxRecords)
    return fail({ kind: 'too-large', what: `it has more than ${maxRecords} vulnerabilities` });
  if (typeof count === 'number' && count !== vulnerabilities.length)
    return fail({ kind: 'truncated', what: `it has ${vulnerabilities.length} of ${count} vulnerabilities` });
  return ok(compileRecords(readRecords(vulnerabilities), exploitedList, at));
};
