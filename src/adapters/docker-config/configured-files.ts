import type { Clock } from '../../concurrency/clock.ts';
import type { ConfiguredCredentials } from '../../evidence/credential/configured.ts';
import { followConfigFile, type ConfigFile } from './config-file.ts';
import type { CredentialHelpers } from './credential-helper.ts';
import { fileCredentials } from './file-credentials.ts';

/** The part of a row of `registries` that is about credentials. */
interface RegistryFileRow {
  /** As references name it: lower case, with the port if it is written there. */
  readonly host: string;
  readonly dockerConfigFile?: string | undefined;
}
interface RegistryFileOptions {
  readonly clock: Clock;
  /** For the CLI; `serve` leaves it out and runs no program. */
  readonly helpers?: CredentialHelpers;
}

/**
 * The `dockerConfigFile` of each registry. A file counts only for the host of its row: a user who mounts a whole
 * docker config for one registry has not offered the rest of it (B28). `rows` is called each time, so that new rows
 * count at once; a file that they still name is not read again.
 */
export const createRegistryFiles = (
  rows: () => readonly RegistryFileRow[],
  { clock, helpers }: RegistryFileOptions,
): ConfiguredCredentials => {
  let files = new Map<string, ConfigFile>();
  let seen: readonly RegistryFileRow[] | undefined;
  const update = (now: readonly RegistryFileRow[]): void => {
    if (now === seen) return;
    seen = now;
    const paths = now.flatMap(({ dockerConfigFile }) => dockerConfigFile ?? []);
    files = new Map(paths.map((path) => [path, files.get(path) ?? followConfigFile(path, clock)]));
  };
  return {
    async *find(repository, signal) {
      const now = rows();
      update(now);
      const row = now.find(({ host }) => host === repository.host);
      const file = files.get(row?.dockerConfigFile ?? '');
      if (file === undefined) return;
      const more = helpers === undefined ? {} : { helpers };
      yield* fileCredentials(file, { repository, signal, expected: true, ...more });
    },
  };
};

/** Files that `docker login` or `podman login` may have written. Most of them do not exist. */
interface UserFile {
  readonly path: string;
  /** `dockercfg`: the format before docker 1.7, entries without `auths` around them. */
  readonly format: 'config' | 'dockercfg';
}
interface UserConfigOptions {
  /** Asked in this order. */
  readonly files: readonly UserFile[];
  readonly helpers: CredentialHelpers;
  readonly clock: Clock;
}

/**
 * The user's own credentials, for the CLI: the files of docker and podman, and their helpers. Docker and podman stop
 * at the first entry that fits. The gate tries the next one when a registry refuses the first.
 */
export const createUserConfig = ({ files, helpers, clock }: UserConfigOptions): ConfiguredCredentials => {
  const followed = files.map(({ path, format }) =>
    followConfigFile(path, clock, format === 'config' ? 'dockerconfigjson' : format),
  );
  return {
    async *find(repository, signal) {
      for (const file of followed)
        yield* fileCredentials(file, { repository, signal, helpers, expected: false });
    },
  };
};
