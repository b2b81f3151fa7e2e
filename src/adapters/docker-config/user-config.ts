import type { Clock } from '../../concurrency/clock.ts';
import type { ConfiguredCredentials } from '../../evidence/credential/configured.ts';
import { followConfigFile } from './config-file.ts';
import type { CredentialHelpers } from './credential-helper.ts';
import { fileCredentials } from './file-credentials.ts';

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
