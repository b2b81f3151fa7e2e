import { fail, ok, type Result } from '../../core/result.ts';
import type { ByteSource } from '../../files/zip/byte-source.ts';
import { readZipDirectory, type ZipEntry, type ZipLimits } from '../../files/zip/zip-directory.ts';
import { readZipEntry } from '../../files/zip/zip-entry.ts';
import type { ZipFault } from '../../files/zip/zip-fault.ts';
import { compilePart, type OnRecordState, type Part, type SourceRecord } from './compile-part.ts';

const mebibyte = 1024 * 1024;
/** The zip of npm, the largest that OSV publishes, has 220,000 records and 210 MB. */
export const osvZipLimits: ZipLimits = {
  entries: 2_000_000,
  entryBytes: 32 * mebibyte,
  totalBytes: 8 * 1024 * mebibyte,
  directoryBytes: 512 * mebibyte,
  ratio: 500,
};

const byName = (one: ZipEntry, other: ZipEntry): number => (one.name < other.name ? -1 : 1);

interface ZipObserver {
  /** Called before each record, with their number. */
  readonly onRecord?: (all: number) => void;
  readonly onState?: OnRecordState;
}

/** Compiles `<ECOSYSTEM>/all.zip` of OSV. One entry that cannot be read refuses all: half a feed hides advisories. */
export const compileOsvZip = (
  source: ByteSource,
  ecosystem: string,
  at: Date,
  { onRecord = () => undefined, onState }: ZipObserver = {},
): Result<Part, ZipFault> => {
  const directory = readZipDirectory(source, osvZipLimits);
  if (!directory.ok) return directory;
  // In the order of their names: how a server packs the same records changes nothing.
  const entries = directory.value.filter(({ name }) => name.endsWith('.json')).sort(byName);
  let fault: ZipFault | undefined;
  const records = function* (): Generator<SourceRecord> {
    for (const entry of entries) {
      onRecord(entries.length);
      const bytes = readZipEntry(source, entry);
      if (!bytes.ok) {
        fault = bytes.error;
        return;
      }
      yield { name: entry.name, bytes: bytes.value };
    }
  };
  const part = compilePart(records(), ecosystem, at, onState);
  return fault === undefined ? ok(part) : fail(fault);
};
