import { isJsonObject, type JsonObject } from '../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CredentialSecret, Repository } from '../ports.ts';
import { readEntrySecret } from './docker-config-secret.ts';
import { createRegistryIndex, type RegistryIndex } from './registry-index.ts';
import { parseRegistryKey, type RegistryKey } from './registry-key.ts';
import { readForeignValue } from '../../core/text/json/json-document.ts';

/** The file of `docker login` and `podman login`, or its predecessor without `auths`. */
export type DockerConfigForm = 'dockerconfigjson' | 'dockercfg';

/** The secret of an entry, or why the entry cannot be used. */
export interface DockerConfigEntry {
  readonly key: RegistryKey;
  readonly secret: Result<CredentialSecret, string>;
}
/** A program of the user that knows the secret. The caller decides whether to run it. */
interface CredentialHelper {
  readonly key: RegistryKey;
  readonly name: string;
}
export interface DockerConfig {
  readonly entries: readonly DockerConfigEntry[];
  readonly byRepository: RegistryIndex<DockerConfigEntry>;
  readonly credHelpers: RegistryIndex<CredentialHelper>;
  /** The helper for every registry that has none of its own. */
  readonly credsStore?: string;
  /** Why entries were left out, without their text. */
  readonly problems: readonly string[];
}

/** The limit of Kubernetes for a Secret. */
export const dockerConfigLimits = { bytes: 2 ** 20, entries: 1024, globs: 64 } as const;

/** An error of JSON.parse would quote the text, which is full of secrets (B37). */
const parseObject = (text: string): Result<JsonObject, string> => {
  const value = readForeignValue(text);
  if (!value.ok) return fail(value.error.kind === 'limit' ? value.error.why : 'it is no JSON');
  return isJsonObject(value.value) ? ok(value.value) : fail('it is no JSON object');
};

/** One section of the file, a map by registry. */
const sectionOf = (object: JsonObject, name: string): Result<readonly [string, unknown][], string> => {
  const section = object[name] ?? {};
  if (!isJsonObject(section)) return fail(`its ${name} is no map of registries`);
  return entriesOf(section, name);
};
const entriesOf = (map: JsonObject, name: string): Result<readonly [string, unknown][], string> => {
  const entries = Object.entries(map);
  const { entries: most, globs } = dockerConfigLimits;
  if (entries.length > most) return fail(`its ${name} has more than ${most} entries`);
  return entries.filter(([key]) => key.includes('*')).length > globs
    ? fail(`its ${name} has more than ${globs} entries with a star`)
    : ok(entries);
};

interface Keyed {
  readonly key: RegistryKey;
  readonly value: unknown;
}

/** The entries with a readable key. Each other entry becomes a problem that names it by its number. */
const keyed = (entries: readonly [string, unknown][], name: string, problems: string[]): readonly Keyed[] =>
  entries.flatMap(([text, value], at) => {
    const key = parseRegistryKey(text);
    if (key.ok) return [{ key: key.value, value }];
    problems.push(`the key of entry ${at + 1} of its ${name} ${key.error}`);
    return [];
  });

const helperName = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= 255 ? value : undefined;

/**
 * Reads a docker config. A broken entry makes only itself unusable.
 * @returns the failure says why the text is no docker config; no message contains text of the file
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
 */
export const readDockerConfig = (text: string, form: DockerConfigForm): Result<DockerConfig, string> => {
  if (Buffer.byteLength(text) > dockerConfigLimits.bytes) return fail('it is larger than 1 MiB');
  const parsed = parseObject(text);
  if (!parsed.ok) return parsed;
  const legacy = form === 'dockercfg';
  const auths = legacy ? entriesOf(parsed.value, 'list') : sectionOf(parsed.value, 'auths');
  if (!auths.ok) return auths;
  const helpers = legacy ? ok([]) : sectionOf(parsed.value, 'credHelpers');
  if (!helpers.ok) return helpers;
  const problems: string[] = [];
  const entries = keyed(auths.value, legacy ? 'list' : 'auths', problems).flatMap(
    ({ key, value }): readonly DockerConfigEntry[] => {
      const secret = readEntrySecret(value);
      if (!secret.ok) return [{ key, secret }];
      return secret.value === undefined ? [] : [{ key, secret: ok(secret.value) }];
    },
  );
  const credHelpers = keyed(helpers.value, 'credHelpers', problems).flatMap(({ key, value }) => {
    const name = helperName(value);
    return name === undefined ? [] : [{ key, name }];
  });
  const credsStore = legacy ? undefined : helperName(parsed.value['credsStore']);
  return ok({
    entries,
    byRepository: createRegistryIndex(entries),
    credHelpers: createRegistryIndex(credHelpers),
    problems,
    ...(credsStore === undefined ? {} : { credsStore }),
  });
};

/** All entries for a repository, the most specific first, in which order the kubelet tries them. */
export const entriesFor = (config: DockerConfig, repository: Repository): readonly DockerConfigEntry[] =>
  config.byRepository.find(repository);

/** The helper for a repository: the one for its registry, else the one for all registries. */
export const helperFor = (config: DockerConfig, repository: Repository): string | undefined =>
  config.credHelpers.find(repository)[0]?.name ?? config.credsStore;
