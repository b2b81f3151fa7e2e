import { file, list, name, registryHosts, row, someOf, word } from '../values/row.ts';
import type { DocumentShape } from '../values/shape.ts';

/** A source that may report pushes of images (`POST /registry-events`). */
export interface RegistryEventRow {
  /** For logs and metrics. */
  readonly source: string;
  readonly format: 'distribution' | 'harbor' | 'cloudevents';
  /** Holds the bearer token that the source shows. */
  readonly tokenFile: string;
  /** Registries that the source may report about. The gate ignores its events about others. */
  readonly hosts: readonly string[];
}

const maxRows = 64;

const readRow = row<RegistryEventRow>(
  {
    source: name,
    format: word('distribution', 'harbor', 'cloudevents'),
    tokenFile: file,
    hosts: someOf(registryHosts(64), 'name the registries that this source may speak about'),
  },
  ['source', 'format', 'tokenFile', 'hosts'],
);

/** `registryEvents` of the configuration file. */
export const registryEventRows: DocumentShape<readonly RegistryEventRow[]> = {
  kind: 'document',
  placeholder: 'ROWS',
  parse: list(readRow, maxRows, ({ source }) => source),
  show: (rows) => rows,
};
