import { endOfDay } from '../../core/policy/schema/vulnerabilities.ts';
import { fail, ok } from '../../core/result.ts';
import { quote } from '../../core/text/cut-middle.ts';
import { supportedEcosystems } from '../../core/vulnerability/distribution.ts';
import { list, row, type Read } from '../values/row.ts';
import type { DocumentShape } from '../values/shape.ts';

/** Until when somebody publishes fixes for a release, where that is another day than the one for everybody. */
export interface EndOfLifeRow {
  /** As OSV names it, with the release: `Debian:11`. */
  readonly ecosystem: string;
  /** The last day: `2031-06-30`. */
  readonly until: string;
}

const maxRows = 256;

const ecosystem: Read<string> = (value) =>
  typeof value === 'string' && supportedEcosystems.has(value)
    ? ok(value)
    : fail({
        path: [],
        message: `${quote(String(value))} is no release that is judged; write for example Debian:11 or Alpine:v3.18`,
      });

const day: Read<string> = (value) =>
  typeof value === 'string' && endOfDay(value) !== undefined
    ? ok(value)
    : fail({ path: [], message: `${quote(String(value))} is no day; write for example 2031-06-30` });

/** `endOfLife` of the configuration file. */
export const endOfLifeRows: DocumentShape<readonly EndOfLifeRow[]> = {
  kind: 'document',
  placeholder: 'ROWS',
  parse: list(
    row<EndOfLifeRow>({ ecosystem, until: day }, ['ecosystem', 'until']),
    maxRows,
    (given) => given.ecosystem,
  ),
  show: (rows) => rows,
};

/** By ecosystem, as lists are judged. */
export const endOfLifeDates = (rows: readonly EndOfLifeRow[]): ReadonlyMap<string, string> =>
  new Map(rows.map(({ ecosystem: of, until }) => [of, until]));
