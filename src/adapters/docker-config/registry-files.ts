import type { ConfiguredCredentials } from '../../evidence/credential/configured.ts';
import type { EvidenceClock } from '../../evidence/ports.ts';
import { followConfigFile } from './config-file.ts';
import type { CredentialHelpers } from './credential-helper.ts';
import { fileCredentials } from './file-credentials.ts';

/** A row of the configuration's `registries`, as far as it is about credentials. */
export interface RegistryFileRow {
  /** As references name it: lower case, with the port if it is written there. */
  readonly host: string;
  readonly dockerConfigFile?: string | undefined;
}
export interface RegistryFileOptions {
  readonly clock: EvidenceClock;
  /** For the CLI; `serve` leaves it out and runs no program. */
  readonly helpers?: CredentialHelpers;
}

/**
 * The `dockerConfigFile` of each registry. A file counts for the host of its row and for no other, whatever else it
 * holds: whoever mounts a whole docker config for one registry has not offered the rest of it (B28).
 */
export const createRegistryFiles = (
  rows: readonly RegistryFileRow[],
  { clock, helpers }: RegistryFileOptions,
): ConfiguredCredentials => {
  const files = new Map(
    rows.flatMap(({ host, dockerConfigFile }) =>
      dockerConfigFile === undefined ? [] : [[host, followConfigFile(dockerConfigFile, clock)] as const],
    ),
  );
  return {
    async *find(repository, signal) {
      const file = files.get(repository.host);
      if (file === undefined) return;
      const more = helpers === undefined ? {} : { helpers };
      yield* fileCredentials(file, { repository, signal, expected: true, ...more });
    },
  };
};
