import { ok } from '../../core/result.ts';
import { formatDuration } from '../../core/text/duration.ts';
import { formatSize } from '../../core/text/size.ts';
import { duration, integer, row, size } from './row.ts';
import type { DocumentShape } from './shape.ts';

/** How many images the gate looks into at one time, and how far into each. */
export interface ScanBounds {
  readonly atOnce: number;
  /** Milliseconds. */
  readonly time: number;
  /** Packed bytes of all layers. */
  readonly bytes: number;
  /** What they may unpack to. */
  readonly unpacked: number;
}

export const defaultScan: ScanBounds = {
  atOnce: 2,
  time: 300_000,
  bytes: 4 * 2 ** 30,
  unpacked: 16 * 2 ** 30,
};

const minute = 60_000;

const readBounds = row<Partial<ScanBounds>>(
  {
    atOnce: integer(1, 16),
    time: duration(1000, 60 * minute),
    bytes: size(2 ** 20, 2 ** 40),
    unpacked: size(2 ** 20, 2 ** 42),
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
  show: ({ atOnce, time, bytes, unpacked }) => ({
    atOnce,
    time: formatDuration(time),
    bytes: formatSize(bytes),
    unpacked: formatSize(unpacked),
  }),
};
