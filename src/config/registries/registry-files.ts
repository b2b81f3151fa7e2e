import { createPrivateKey, X509Certificate } from 'node:crypto';
import { pemCertificates } from '../../core/text/pem.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readTextFile } from '../../files/text-file.ts';
import type { ConfigProblem, Origin } from '../sources/origin.ts';
import type { FeedRow } from '../advisories/feed-rows.ts';
import { quote } from '../../core/text/cut-middle.ts';
import type { Resolved } from '../resolved.ts';
import type { RegistryEventRow, RegistryDefaults, RegistryRow } from './registry-rows.ts';

/** A row of `registries` with the content of its files. */
export interface LoadedRegistry extends RegistryRow {
  /** The certificates of `caFile`, without anything else in the file. */
  readonly ca?: string;
  /** The content of `clientCertFile` and `clientKeyFile`, PEM. The key is a secret. */
  readonly client?: { readonly cert: string; readonly key: string };
}

/** `registryDefaults` with the content of its file. */
export interface LoadedDefaults extends RegistryDefaults {
  readonly ca?: string;
}

/** A row of `registryEvents` with its token: a secret. */
export interface LoadedEventSource extends RegistryEventRow {
  readonly token: string;
}

const maxFileBytes = 1024 * 1024;
const maxTokenBytes = 4096;
/** An attacker who may try as often as the network allows can guess a shorter token. */
const minTokenLength = 16;

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
};

/** Checks that every certificate can be read: a TLS library skips a broken one in silence. */
const certificatesOf = (text: string): Result<string, string> => {
  const { blocks, isCut } = pemCertificates(text);
  if (isCut) return fail('holds a certificate that cannot be read: it begins and does not end');
  if (blocks.length === 0) return fail('holds no certificate (PEM)');
  const broken = blocks.findIndex((block) => !isCertificate(block));
  return broken < 0
    ? ok(`${blocks.join('\n')}\n`)
    : fail(`holds a certificate that cannot be read: number ${String(broken + 1)}`);
};

/** Refuses a key with a passphrase, since the gate cannot ask anybody for it. No message contains the key (B37). */
const privateKeyOf = (text: string): Result<string, string> => {
  try {
    createPrivateKey(text);
    return ok(text);
  } catch {
    return fail('holds no private key that can be read (PEM, without a passphrase)');
  }
};

const belongTogether = (cert: string, key: string): boolean =>
  new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));

/** RFC 6750, section 2.1: the form of a token behind `Bearer`. */
const tokenOf = (text: string): Result<string, string> => {
  const token = text.trim();
  if (!/^[-._~+/A-Za-z\d]+=*$/.test(token)) {
    return fail('holds no bearer token: letters, digits and -._~+/= on one line');
  }
  return token.length < minTokenLength
    ? fail(`holds a token that can be guessed; give it at least ${String(minTokenLength)} characters`)
    : ok(token);
};

/** Does not wait for a silent pipe: requests wait while a configuration is read. */
const readFile = <T>(
  path: string,
  bytes: number,
  parse: (text: string) => Result<T, string>,
): Result<T, string> => {
  const text = readTextFile(path, { bytes, silence: 0 });
  if (!text.ok) return fail(`cannot read ${quote(path)}: ${text.error}`);
  const parsed = parse(text.value);
  return parsed.ok ? parsed : fail(`${quote(path)} ${parsed.error}`);
};

type Loaded<T> = Result<readonly T[], readonly ConfigProblem[]>;

const loadEach = <R, T>(
  { value, origin }: Resolved<readonly R[]>,
  load: (row: R) => Result<T, string>,
): Loaded<T> => {
  const loaded: T[] = [];
  const problems: ConfigProblem[] = [];
  for (const row of value) {
    const result = load(row);
    if (result.ok) loaded.push(result.value);
    else problems.push({ origin, message: result.error });
  }
  return problems.length > 0 ? fail(problems) : ok(loaded);
};

const read = <T>(
  path: string | undefined,
  parse: (text: string) => Result<T, string>,
): Result<T | undefined, string> =>
  path === undefined ? ok(undefined) : readFile(path, maxFileBytes, parse);

const loadClient = ({
  clientCertFile,
  clientKeyFile,
}: RegistryRow): Result<LoadedRegistry['client'], string> => {
  const cert = read(clientCertFile, certificatesOf);
  if (!cert.ok) return fail(`clientCertFile: ${cert.error}`);
  const key = read(clientKeyFile, privateKeyOf);
  if (!key.ok) return fail(`clientKeyFile: ${key.error}`);
  if (cert.value === undefined || key.value === undefined) return ok(undefined);
  return belongTogether(cert.value, key.value)
    ? ok({ cert: cert.value, key: key.value })
    : fail('clientKeyFile holds the key of another certificate than clientCertFile, whose own comes first');
};

const loadRegistry = (row: RegistryRow): Result<LoadedRegistry, string> => {
  const ca = read(row.caFile, certificatesOf);
  if (!ca.ok) return fail(`registries: caFile of ${row.host}: ${ca.error}`);
  // A file that cannot be read is reported at the start. Its content is not kept: the adapter reads it when a login
  // is needed.
  const dockerConfig = read(row.dockerConfigFile, ok<string>);
  if (!dockerConfig.ok) return fail(`registries: dockerConfigFile of ${row.host}: ${dockerConfig.error}`);
  const client = loadClient(row);
  if (!client.ok) return fail(`registries: client certificate of ${row.host}: ${client.error}`);
  return ok({
    ...row,
    ...(ca.value === undefined ? undefined : { ca: ca.value }),
    ...(client.value === undefined ? undefined : { client: client.value }),
  });
};

/** Reads the file that `registryDefaults` names. */
export const loadRegistryDefaults = ({
  value,
  origin,
}: Resolved<RegistryDefaults>): Result<LoadedDefaults, readonly ConfigProblem[]> => {
  const ca = read(value.caFile, certificatesOf);
  if (!ca.ok) return fail([{ origin, message: `registryDefaults: caFile: ${ca.error}` }]);
  return ok({ ...value, ...(ca.value === undefined ? undefined : { ca: ca.value }) });
};

/**
 * Reads the files that the rows name. A file that cannot be read is a problem; the row is never used without its CA.
 */
export const loadRegistries = (rows: Resolved<readonly RegistryRow[]>): Loaded<LoadedRegistry> =>
  loadEach(rows, loadRegistry);

/** Reads the token of every source. Two with the same token could speak for one another, so that is refused. */
export const loadEventSources = (rows: Resolved<readonly RegistryEventRow[]>): Loaded<LoadedEventSource> => {
  const loaded = loadEach<RegistryEventRow, LoadedEventSource>(rows, (row) => {
    const token = readFile(row.tokenFile, maxTokenBytes, tokenOf);
    return token.ok
      ? ok({ ...row, token: token.value })
      : fail(`registryEvents: tokenFile of ${row.source}: ${token.error}`);
  });
  if (!loaded.ok) return loaded;
  const owners = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  const { origin }: { origin: Origin } = rows;
  for (const { source, token } of loaded.value) {
    const owner = owners.get(token);
    if (owner !== undefined) {
      problems.push({
        origin,
        message: `registryEvents: ${owner} and ${source} have the same token; make one for each`,
      });
    }
    owners.set(token, source);
  }
  return problems.length > 0 ? fail(problems) : loaded;
};

/** A row of `advisories` with the certificates of its `caFile`. */
export interface LoadedFeed extends FeedRow {
  readonly ca?: string;
}

/** Reads the files that the rows name; a feed is never read without its CA. */
export const loadFeeds = (rows: Resolved<readonly FeedRow[]>): Loaded<LoadedFeed> =>
  loadEach<FeedRow, LoadedFeed>(rows, (row) => {
    const ca = read(row.caFile, certificatesOf);
    if (!ca.ok) return fail(`advisories: caFile of ${row.name}: ${ca.error}`);
    return ok({ ...row, ...(ca.value === undefined ? undefined : { ca: ca.value }) });
  });
