import { join } from 'node:path';
import { objectOf } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { replaceFile } from '../../files/whole-file.ts';

/** A small file beside the generations: rows of one form, of which the last ones stay. */
export interface RowsFile<Row> {
  /** All rows that can be read. A file that is missing, damaged or of another version has none. */
  read(folder: string): Promise<readonly Row[]>;
  write(folder: string, rows: readonly Row[]): Promise<void>;
}

interface RowsForm<Row> {
  readonly file: string;
  /** What the list of rows is called in the file. */
  readonly name: string;
  readonly maxBytes: number;
  readonly maxRows: number;
  readonly isRow: (value: unknown) => value is Row;
}

const schema = 1;

export const createRowsFile = <Row>({
  file,
  name,
  maxBytes,
  maxRows,
  isRow,
}: RowsForm<Row>): RowsFile<Row> => ({
  read: async (folder) => {
    try {
      const { bytes } = await readRegularFile(join(folder, file), maxBytes);
      const written = objectOf(bytes.ok ? parseJson(bytes.value.toString('utf8')) : undefined);
      const rows = written[name];
      return written['schema'] === schema && Array.isArray(rows) ? rows.filter(isRow) : [];
    } catch {
      return [];
    }
  },
  write: (folder, rows) =>
    replaceFile(
      join(folder, file),
      `${JSON.stringify({ schema, [name]: rows.slice(-maxRows) }, undefined, 2)}\n`,
      0o600,
    ),
});
