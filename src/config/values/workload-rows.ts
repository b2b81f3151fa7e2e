import { isJsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { suggest } from '../../core/policy/load/suggestion.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { parseWorkloadRow, rowFields as fields } from '../../core/workload/kinds/workload-row.ts';
import type { WorkloadKind } from '../../core/workload/kinds/workload-kind.ts';
import type { DocumentFault, DocumentShape } from './shape.ts';

const maxRows = 256;

/** Finds the place of an unknown field and suggests a known one. Core only says that the row is wrong. */
const locate = (row: JsonValue, index: number, message: string): DocumentFault => {
  const unknown = isJsonObject(row)
    ? Object.keys(row).find((field) => !(fields as readonly string[]).includes(field))
    : undefined;
  if (unknown === undefined) return { path: [index], message };
  const near = suggest(unknown, fields);
  const next = near === undefined ? `the fields are ${fields.join(', ')}` : `did you mean "${near}"?`;
  return { path: [index, unknown], message: `${message}; ${next}` };
};

const parseRows = (value: unknown): Result<readonly WorkloadKind[], DocumentFault> => {
  if (!Array.isArray(value) || value.length > maxRows) {
    return fail({ path: [], message: `expected a list of at most ${String(maxRows)} rows` });
  }
  const rows: WorkloadKind[] = [];
  for (const [index, item] of (value as readonly JsonValue[]).entries()) {
    const row = parseWorkloadRow(item);
    if (!row.ok) return fail(locate(item, index, row.error));
    const { group, kind, resource } = row.value;
    const twin = rows.some(
      (other) => other.group === group && (other.kind === kind || other.resource === resource),
    );
    if (twin) {
      return fail({ path: [index], message: `${group} ${kind} is declared twice; keep one of the rows` });
    }
    rows.push(row.value);
  }
  return ok(rows);
};

/** The fields that a row was written with, without what the gate adds. */
const written = (row: WorkloadKind): object =>
  Object.fromEntries(fields.flatMap((field) => (row[field] === undefined ? [] : [[field, row[field]]])));

/** `workloads` of the configuration file (R4). */
export const workloadRows: DocumentShape<readonly WorkloadKind[]> = {
  kind: 'document',
  placeholder: 'ROWS',
  parse: parseRows,
  show: (rows) => rows.map(written),
};
