import { closeSync, openSync } from 'node:fs';
import type { Part } from '../../adapters/advisories/compile-part.ts';
import { compileKev, maxKevBytes, type KevFault } from '../../adapters/advisories/compile-kev.ts';
import { compileOsvZip } from '../../adapters/advisories/osv-zip.ts';
import { putParts } from '../../adapters/advisories/put-parts.ts';
import type { PartSummary } from '../../adapters/advisories/part-format.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { whyNot } from '../../files/file-problem.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { fileSource } from '../../files/zip/byte-source.ts';
import type { ZipFault } from '../../files/zip/zip-fault.ts';
import { createProgress } from '../terminal/progress.ts';
import { UnreachableError, type Terminal } from '../terminal/terminal.ts';
import type { FeedFile } from './feed-files.ts';

/** What came of a file. */
export interface FeedImport extends FeedFile {
  readonly outcome: 'accepted' | 'unchanged' | 'refused';
  /** Why it was refused. */
  readonly why?: string;
  readonly asOf?: string;
  /** What the file holds, if it could be read. */
  readonly summary?: PartSummary;
}

interface ImportOptions {
  readonly folder: string;
  /** Absent: the name of the format. */
  readonly feed?: string;
  /** RFC 3339; absent: as old as the newest record. */
  readonly asOf?: string;
  readonly isLossAccepted: boolean;
}

/** Reads are synchronous: a command has nothing else to do. */
const compileZip = ({ path, ecosystem }: FeedFile, terminal: Terminal): Result<Part, ZipFault> => {
  let records = 0;
  const progress = createProgress(
    (done) => `${ecosystem}: read ${done} of ${records} records`,
    terminal.status,
  );
  const descriptor = openSync(path, 'r');
  try {
    return compileOsvZip(fileSource(descriptor), ecosystem, new Date(), {
      onRecord: (all) => {
        records = all;
        progress.step();
      },
    });
  } finally {
    progress.end();
    closeSync(descriptor);
  }
};

const compileExploited = async ({ path }: FeedFile): Promise<Result<Part, KevFault>> => {
  const { bytes } = await readRegularFile(path, maxKevBytes);
  return bytes.ok ? compileKev(bytes.value, new Date()) : fail({ kind: bytes.error, what: path });
};

const compile = async (file: FeedFile, terminal: Terminal): Promise<Result<Part, string>> => {
  try {
    const part = file.format === 'kev' ? await compileExploited(file) : compileZip(file, terminal);
    return part.ok ? part : fail(`${part.error.kind}: ${part.error.what}`);
  } catch (error) {
    return fail(whyNot(error));
  }
};

const read = async (
  file: FeedFile,
  asOf: string | undefined,
  terminal: Terminal,
): Promise<Result<{ readonly part: Part; readonly asOf: string }, FeedImport>> => {
  const part = await compile(file, terminal);
  if (!part.ok) return fail({ ...file, outcome: 'refused', why: part.error });
  const { summary } = part.value;
  const time = asOf ?? summary.newest;
  // The time of the import would make any old file look young (V15).
  return time === undefined
    ? fail({ ...file, outcome: 'refused', summary, why: 'no record has a time; say --as-of' })
    : ok({ part: part.value, asOf: time });
};

/** Compiles the files and puts in force what is accepted (V15). */
export const importFeeds = async (
  files: readonly FeedFile[],
  { folder, feed, asOf, isLossAccepted }: ImportOptions,
  terminal: Terminal,
): Promise<readonly FeedImport[]> => {
  const parts: { readonly file: FeedFile; readonly read: Awaited<ReturnType<typeof read>> }[] = [];
  for (const file of files) parts.push({ file, read: await read(file, asOf, terminal) });
  const offered = parts.flatMap(({ file, read: found }) =>
    found.ok ? [{ feed: feed ?? file.format, ...found.value }] : [],
  );
  const put = await putParts(folder, offered, { isLossAccepted });
  if (!put.ok) throw new UnreachableError(put.error);
  const outcomes = put.value.values();
  return parts.map(({ file, read: found }): FeedImport => {
    if (!found.ok) return found.error;
    const { summary } = found.value.part;
    const outcome = outcomes.next().value;
    return outcome?.kind === 'refused'
      ? { ...file, outcome: 'refused', summary, why: `${outcome.refusal.kind}: ${outcome.refusal.why}` }
      : { ...file, outcome: outcome?.kind ?? 'refused', summary, asOf: found.value.asOf };
  });
};
