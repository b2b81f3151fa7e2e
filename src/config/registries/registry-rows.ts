import { fail, ok, type Result } from '../../core/result.ts';
import { formatDuration } from '../../core/text/duration.ts';
import {
  duration,
  file,
  flag,
  integer,
  list,
  name,
  registryHost,
  registryHosts,
  row,
  someOf,
  word,
  type Read,
} from '../values/row.ts';
import type { DocumentFault, DocumentShape } from '../values/shape.ts';

/**
 * How one registry is reached, as the user wrote it. The registry adapter adds the defaults. Relative file names were
 * resolved against the folder of the configuration file.
 */
export interface RegistryRow {
  /** As image references name it: lower case, with the port if it is written there. */
  readonly host: string;
  readonly plainHttp?: boolean;
  /** Allows loopback, RFC 1918, ULA, `.svc` and `.local` for this host and no other (B26). */
  readonly allowPrivateAddress?: boolean;
  readonly caFile?: string;
  /** Shown to this host, and to no other, when it asks for a client certificate; the two go together. */
  readonly clientCertFile?: string;
  readonly clientKeyFile?: string;
  /** Asked first, in this order; each is reached by its own row. */
  readonly mirrors?: readonly string[];
  /** A docker `config.json` with credentials. */
  readonly dockerConfigFile?: string;
  /** Hosts of token servers that may see the credentials of this registry, besides the host itself (B28). */
  readonly tokenRealms?: readonly string[];
  /** Requests under way at one time. */
  readonly concurrency?: number;
  /** Milliseconds for one request. */
  readonly timeout?: number;
}

const maxRows = 1024;

const readRow = row<RegistryRow>(
  {
    host: registryHost,
    plainHttp: flag,
    allowPrivateAddress: flag,
    caFile: file,
    clientCertFile: file,
    clientKeyFile: file,
    mirrors: registryHosts(8),
    dockerConfigFile: file,
    tokenRealms: registryHosts(16),
    concurrency: integer(1, 64),
    timeout: duration(100, 30_000),
  },
  ['host'],
);

const clientFields = ['clientCertFile', 'clientKeyFile'] as const;

/** Contradictions between fields. */
const contradiction = (given: RegistryRow): DocumentFault | undefined => {
  if (given.plainHttp === true && given.caFile !== undefined) {
    return { path: ['caFile'], message: 'verifies nobody beside plainHttp; drop one of the two' };
  }
  const [shown, lacks] = given.clientCertFile === undefined ? clientFields.toReversed() : clientFields;
  if (shown !== undefined && lacks !== undefined && given[shown] !== undefined) {
    if (given[lacks] === undefined)
      return { path: [shown], message: `is of no use without ${lacks}; give both` };
    if (given.plainHttp === true) {
      return { path: [shown], message: 'is shown to nobody beside plainHttp; drop one of the two' };
    }
  }
  const own = given.mirrors?.indexOf(given.host) ?? -1;
  return own < 0
    ? undefined
    : { path: ['mirrors', own], message: `${given.host} is no mirror of itself; remove it` };
};

const consistentRow: Read<RegistryRow> = (value, folder): Result<RegistryRow, DocumentFault> => {
  const read = readRow(value, folder);
  if (!read.ok) return read;
  const fault = contradiction(read.value);
  return fault === undefined ? ok(read.value) : fail(fault);
};

const written = ({ timeout, ...others }: RegistryRow): object => ({
  ...others,
  ...(timeout === undefined ? undefined : { timeout: formatDuration(timeout) }),
});

/** `registries` of the configuration file. Hosts without a row are reached by the defaults. */
export const registryRows: DocumentShape<readonly RegistryRow[]> = {
  kind: 'document',
  placeholder: 'ROWS',
  parse: list(consistentRow, maxRows, ({ host }) => host),
  show: (rows) => rows.map(written),
};

/** Applies to every registry, with a row or without. */
export interface RegistryDefaults {
  /** Trusted for all hosts besides the well-known authorities: for networks that look into TLS. */
  readonly caFile?: string;
}

/** `registryDefaults` of the configuration file. */
export const registryDefaults: DocumentShape<RegistryDefaults> = {
  kind: 'document',
  placeholder: 'MAP',
  parse: row<RegistryDefaults>({ caFile: file }, []),
  show: ({ caFile }) => (caFile === undefined ? undefined : { caFile }),
};

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

const maxEventRows = 64;

const readEventRow = row<RegistryEventRow>(
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
  parse: list(readEventRow, maxEventRows, ({ source }) => source),
  show: (rows) => rows,
};
