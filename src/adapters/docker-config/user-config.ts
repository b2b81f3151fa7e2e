import { join } from 'node:path';
import type { ConfiguredCredentials } from '../../evidence/credential/configured.ts';
import { followConfigFile } from './config-file.ts';
import { createCredentialHelpers, type CredentialHelperOptions } from './credential-helper.ts';
import { fileCredentials } from './file-credentials.ts';

type Environment = CredentialHelperOptions['environment'];

/**
 * Where `docker login` and `podman login` of this user write: what a variable names comes first, then the usual places.
 *
 * @see https://docs.docker.com/reference/cli/docker/#environment-variables, DOCKER_CONFIG
 * @see containers-auth.json(5): REGISTRY_AUTH_FILE stands in for the file below XDG_RUNTIME_DIR
 */
export const userConfigFiles = (environment: Environment): readonly string[] => {
  const below = (variable: string, ...parts: readonly string[]): string | undefined => {
    const folder = environment[variable];
    return folder === undefined || folder === '' ? undefined : join(folder, ...parts);
  };
  const docker = below('DOCKER_CONFIG', 'config.json');
  const podman = below('REGISTRY_AUTH_FILE');
  const files = [
    docker,
    podman,
    docker === undefined ? below('HOME', '.docker', 'config.json') : undefined,
    podman === undefined ? below('XDG_RUNTIME_DIR', 'containers', 'auth.json') : undefined,
    below('XDG_CONFIG_HOME', 'containers', 'auth.json') ??
      below('HOME', '.config', 'containers', 'auth.json'),
  ];
  return [...new Set(files.filter((file) => file !== undefined))];
};

/** The user's own credentials, for the CLI: the files of docker and podman, and the helpers that they name. */
export const createUserConfig = (options: CredentialHelperOptions): ConfiguredCredentials => {
  const files = userConfigFiles(options.environment).map((path) => followConfigFile(path, options.clock));
  const helpers = createCredentialHelpers(options);
  return {
    async *find(repository, signal) {
      for (const file of files)
        yield* fileCredentials(file, { repository, signal, helpers, expected: false });
    },
  };
};
