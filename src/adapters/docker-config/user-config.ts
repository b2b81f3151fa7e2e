import type { ConfiguredCredentials } from '../../evidence/credential/configured.ts';
import { followConfigFile } from './config-file.ts';
import { createCredentialHelpers, type CredentialHelperOptions } from './credential-helper.ts';
import { fileCredentials } from './file-credentials.ts';

/** Where `docker login` or `podman login` may have written; most of these files do not exist. */
export interface UserFile {
  readonly path: string;
  /** `dockercfg`: the format before docker 1.7, entries without `auths` around them. */
  readonly format: 'config' | 'dockercfg';
}
export interface UserConfigOptions extends CredentialHelperOptions {
  /** Asked in this order. */
  readonly files: readonly UserFile[];
}

/**
 * The user's own credentials, for the CLI: the files of docker and podman, and the helpers that they name. Docker and
 * podman stop at the first entry that fits; here the next one is tried when a registry refuses the first.
 */
export const createUserConfig = (options: UserConfigOptions): ConfiguredCredentials => {
  const { clock } = options;
  const files = options.files.map(({ path, format }) =>
    followConfigFile(path, clock, format === 'config' ? 'dockerconfigjson' : format),
  );
  const helpers = createCredentialHelpers(options);
  return {
    async *find(repository, signal) {
      for (const file of files)
        yield* fileCredentials(file, { repository, signal, helpers, expected: false });
    },
  };
};
