import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Environment } from '../sources/environment.ts';
import { readEnvironment } from '../sources/load.ts';

/** A file that may hold credentials of the user. Most of these files do not exist. */
interface UserCredentialFile {
  readonly path: string;
  /** `dockercfg`: the format before docker 1.7, entries without `auths` around them. */
  readonly format: 'config' | 'dockercfg';
}

interface User {
  readonly environment: Environment;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Absent on Windows. */
  readonly id: number | undefined;
}

const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

const podmanFiles = ({ environment, home, platform, id }: User): readonly string[] => {
  const override = given(environment['REGISTRY_AUTH_FILE']);
  // The user named this file, so files of earlier logins are not read.
  if (override !== undefined) return [override];
  const runtime = given(environment['XDG_RUNTIME_DIR']);
  const own = join(given(environment['XDG_CONFIG_HOME']) ?? join(home, '.config'), 'containers', 'auth.json');
  if (platform !== 'linux') return [own];
  if (runtime !== undefined) return [join(runtime, 'containers', 'auth.json'), own];
  return id === undefined ? [own] : [join('/run/containers', String(id), 'auth.json'), own];
};

/**
 * The files of podman and docker with the user's logins, in the order of containers-auth.json(5); the first one that
 * knows a registry counts. `DOCKER_CONFIG` names a folder, as the docker command reads it.
 */
export const userCredentialFiles = ({
  environment = readEnvironment(),
  home = given(environment['HOME']) ?? homedir(),
  platform = process.platform,
  id = process.getuid?.(),
}: Partial<User> = {}): readonly UserCredentialFile[] => {
  const docker = given(environment['DOCKER_CONFIG']) ?? join(home, '.docker');
  return [
    ...podmanFiles({ environment, home, platform, id }).map((path) => ({ path, format: 'config' as const })),
    { path: join(docker, 'config.json'), format: 'config' },
    { path: join(home, '.dockercfg'), format: 'dockercfg' },
  ];
};
