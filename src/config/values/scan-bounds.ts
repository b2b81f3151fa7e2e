import { readTime } from '../../core/oci/time.ts';
import { oneOfWords } from '../../core/policy/load/suggestion.ts';
import { fail, ok } from '../../core/result.ts';
import { quote } from '../../core/text/cut-middle.ts';
import { isJsonObject } from '../../core/text/json/json.ts';
import { formatDuration } from '../../core/text/duration.ts';
import { formatSize } from '../../core/text/size.ts';
import { supportedEcosystems } from '../../core/vulnerability/distribution.ts';
import { duration, integer, row, size, type Read } from './row.ts';
import type { DocumentShape } from './shape.ts';

/** How many images the gate looks into at one time, how far into each, and how old their systems may be. */
export interface ScanBounds {
  readonly atOnce: number;
  /** Milliseconds. */
  readonly time: number;
  /** Packed bytes of all layers. */
  readonly bytes: number;
  /** What they may unpack to. */
  readonly unpacked: number;
  /** The last day of support by release (`Debian:11`), where it is not that of the table (V1). */
  readonly endOfLife: ReadonlyMap<string, string>;
}

export const defaultScan: ScanBounds = {
  atOnce: 2,
  time: 300_000,
  bytes: 4 * 2 ** 30,
  unpacked: 16 * 2 ** 30,
  endOfLife: new Map(),
};

const minute = 60_000;

/** For those who pay for a longer support, and have a feed that speaks of it. */
const ownDates: Read<ReadonlyMap<string, string>> = (value) => {
  if (!isJsonObject(value))
    return fail({ path: [], message: "expected days by release, such as 'Debian:11': 2031-06-30" });
  const dates = new Map<string, string>();
  for (const [release, day] of Object.entries(value)) {
    const known = oneOfWords(release, supportedEcosystems);
    if (!known.ok) return fail({ path: [release], message: `${quote(release)} ${known.error}` });
    if (
      typeof day !== 'string' ||
      !/^\d{4}-\d\d-\d\d$/.test(day) ||
      readTime(`${day}T00:00:00Z`) === undefined
    )
      return fail({ path: [release], message: 'expected a day, such as 2031-06-30' });
    dates.set(release, day);
  }
  return ok(dates);
};

const readBounds = row<Partial<ScanBounds>>(
  {
    atOnce: integer(1, 16),
    time: duration(1000, 60 * minute),
    bytes: size(2 ** 20, 2 ** 40),
    unpacked: size(2 ** 20, 2 ** 42),
    endOfLife: ownDates,
  },
  [],
);

/** `scan` of the configuration file. What is left out stays as it is. */
export const scanBounds: DocumentShape<ScanBounds> = {
  kind: 'document',
  placeholder: 'MAP',
  parse: (value, folder) => {
    const read = readBounds(value, folder);
    return read.ok ? ok({ ...defaultScan, ...read.value }) : read;
  },
  show: ({ atOnce, time, bytes, unpacked, endOfLife }) => ({
    atOnce,
    time: formatDuration(time),
    bytes: formatSize(bytes),
    unpacked: formatSize(unpacked),
    ...(endOfLife.size === 0 ? {} : { endOfLife: Object.fromEntries(endOfLife) }),
  }),
};
