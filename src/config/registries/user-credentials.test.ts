import { describe, expect, test } from 'vitest';
import { userCredentialFiles } from './user-credentials.ts';

const paths = (environment: Record<string, string>, platform: NodeJS.Platform = 'linux'): readonly string[] =>
  userCredentialFiles({ environment, home: '/home/jane', platform, id: 1000 }).map(({ path }) => path);

describe('where a user keeps logins', () => {
  const docker = ['/home/jane/.docker/config.json', '/home/jane/.dockercfg'];
  const own = '/home/jane/.config/containers/auth.json';

  test.each<[string, Record<string, string>, NodeJS.Platform, readonly string[]]>([
    ['podman before docker', {}, 'linux', ['/run/containers/1000/auth.json', own, ...docker]],
    [
      'the runtime folder that the session names',
      { XDG_RUNTIME_DIR: '/run/user/1000' },
      'linux',
      ['/run/user/1000/containers/auth.json', own, ...docker],
    ],
    ['no runtime folder elsewhere', { XDG_RUNTIME_DIR: '/run/user/1000' }, 'darwin', [own, ...docker]],
    [
      'the configuration folder that the session names',
      { XDG_CONFIG_HOME: '/cfg' },
      'darwin',
      ['/cfg/containers/auth.json', ...docker],
    ],
    [
      'the file that was named, and none of an earlier podman login',
      { REGISTRY_AUTH_FILE: '/ci/auth.json', XDG_RUNTIME_DIR: '/run/user/1000' },
      'linux',
      ['/ci/auth.json', ...docker],
    ],
    [
      'the folder that docker was told',
      { DOCKER_CONFIG: '/ci' },
      'darwin',
      [own, '/ci/config.json', '/home/jane/.dockercfg'],
    ],
    [
      'an empty variable as none',
      { DOCKER_CONFIG: '', REGISTRY_AUTH_FILE: '', XDG_CONFIG_HOME: '' },
      'darwin',
      [own, ...docker],
    ],
  ])('%s', (_title, environment, platform, expected) => {
    expect(paths(environment, platform)).toEqual(expected);
  });

  test('the home folder is that of HOME', () => {
    expect(userCredentialFiles({ environment: { HOME: '/home/joe' }, platform: 'darwin' })).toContainEqual({
      path: '/home/joe/.docker/config.json',
      format: 'config',
    });
  });

  test('only the oldest file has the oldest format', () => {
    const old = userCredentialFiles({ environment: {}, home: '/h' }).filter(
      ({ format }) => format === 'dockercfg',
    );
    expect(old.map(({ path }) => path)).toEqual(['/h/.dockercfg']);
  });
});
