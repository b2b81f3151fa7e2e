import type { Clock } from '../../concurrency/clock.ts';
import type { ConfiguredCredentials } from '../../evidence/credential/configured.ts';
import { followConfigFile, type ConfigFile } from './config-file.ts';
import type { CredentialHelpers } from './credential-helper.ts';
import { fileCredentials } from './file-credentials.ts';

/** A row of the configuration's `registries`, as far as it is about credentials. */
export interface RegistryFileRow {
  /** As references name it: lower case, with the port if it is written there. */
  readonly host: string;
  readonly dockerConfigFile?: string | undefined;
}
export interface RegistryFileOptions {
  readonly clock: Clock;
  /** For the CLI; `serve` leaves it out and runs no program. */
  readonly helpers?: CredentialHelpers;
}

/**
 * The `dockerConfigFile` of each registry. A file counts for the host of its row and for no other, whatever else it
 * holds: whoever mounts a whole docker config for one registry has not offered the rest of it (B28).
 *
 * `rows` is asked each time, so that a configuration that was read again counts at once; a file that it still names is
 * not read again.
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
