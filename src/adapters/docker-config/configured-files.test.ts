import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { standingClock } from '../../../test/fakes/credentials.ts';
import type { ConfiguredCredential, ConfiguredCredentials } from '../../evidence/credential/configured.ts';
import { createCredentialHelpers } from './credential-helper.ts';
import { createRegistryFiles, createUserConfig } from './configured-files.ts';

let home: string;
const clock = standingClock();
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'imagegate-user-'));
});
afterEach(() => rm(home, { recursive: true }));

const put = async (name: string, config: object | string): Promise<string> => {
  const path = join(home, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
};
const login = (username: string) => ({ username, password: 's3cret-text' });
const environment = (): Record<string, string> => ({ HOME: home, PATH: `${home}/bin:/usr/bin:/bin` });
const userConfig = (): ConfiguredCredentials =>
  createUserConfig({
    helpers: createCredentialHelpers({ environment: environment(), clock }),
    clock,
    files: [
      { path: join(home, '.docker/config.json'), format: 'config' },
      { path: join(home, '.config/containers/auth.json'), format: 'config' },
      { path: join(home, '.dockercfg'), format: 'dockercfg' },
    ],
  });
const install = async (name: string, script: string): Promise<void> =>
  chmod(await put(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`), 0o755);
const find = async (
  configured: ConfiguredCredentials,
  name: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly ConfiguredCredential[]> => {
  const slash = name.indexOf('/');
  const found: ConfiguredCredential[] = [];
  const repository = { host: name.slice(0, slash), repository: name.slice(slash + 1) };
  for await (const one of configured.find(repository, signal)) found.push(one);
  return found;
};
const reported = (found: readonly ConfiguredCredential[]): readonly string[] =>
  found.map((one) => {
    const source = one.source.replaceAll(`${home}/`, '~/');
    if (one.state === 'missing') return `${source}: (${one.why})`;
    return `${source}: ${'username' in one.secret ? one.secret.username : one.secret.kind}`;
  });

describe('the files of the user', () => {
  test('are tried one after the other, and those that are not there are no matter', async () => {
    await put('.docker/config.json', { auths: { 'https://index.docker.io/v1/': login('docker') } });
    await put('.config/containers/auth.json', {
      auths: { 'docker.io/acme': login('podman'), 'docker.io': login('all') },
    });
    await put('.dockercfg', { 'https://index.docker.io/v1/': login('legacy') });
    const user = userConfig();
    expect(reported(await find(user, 'docker.io/acme/app'))).toEqual([
      'docker config ~/.docker/config.json: docker',
      'docker config ~/.config/containers/auth.json: podman',
      'docker config ~/.config/containers/auth.json: all',
      'docker config ~/.dockercfg: legacy',
    ]);
    expect(await find(user, 'r.example.com/app')).toEqual([]);
    expect(await find(user, 'docker.io/acme/app', AbortSignal.abort())).toEqual([]);
  });

  test('that are broken are reported without their text (B37)', async () => {
    await put('.docker/config.json', '{"auths":{"r.example.com":{"auth":"s3cret-text"');
    await put('.config/containers/auth.json', { auths: { 'r.example.com': { auth: 's3cret-text' } } });
    const found = await find(userConfig(), 'r.example.com/app');
    expect(reported(found)).toEqual([
      'docker config ~/.docker/config.json: (it is no JSON)',
      'docker config ~/.config/containers/auth.json: (its auth is not base64 of USER:PASSWORD (its entry for r.example.com))',
    ]);
    expect(JSON.stringify(found)).not.toContain('s3cret-text');
  });

  test('may name a helper for a registry, and one for all others', async () => {
    await install('one', `cat > /dev/null; echo '{"Username":"by-one","Secret":"x"}'`);
    await install('all', `cat > /dev/null; echo '{"Username":"by-all","Secret":"x"}'`);
    await put('.docker/config.json', {
      auths: { 'r.example.com': {}, 'x.example.com': login('old') },
      credHelpers: { 'r.example.com': 'one' },
      credsStore: 'all',
    });
    const user = userConfig();
    expect(reported(await find(user, 'r.example.com/app'))).toEqual([
      'credential helper one of docker config ~/.docker/config.json: by-one',
    ]);
    expect(reported(await find(user, 'x.example.com/app'))).toEqual([
      'credential helper all of docker config ~/.docker/config.json: by-all',
      'docker config ~/.docker/config.json: old',
    ]);
  });

  test('may name a helper that is not installed, or that is no name', async () => {
    await put('.docker/config.json', { credHelpers: { 'r.example.com': '../../evil' }, credsStore: 'gone' });
    const user = userConfig();
    expect(reported(await find(user, 'r.example.com/app'))).toEqual([
      expect.stringMatching(/^credential helper \.\.\/\.\.\/evil of .*a name that no program has/),
    ]);
    expect(reported(await find(user, 'x.example.com/app'))).toEqual([
      'credential helper gone of docker config ~/.docker/config.json: (docker-credential-gone is not installed)',
    ]);
  });
});

describe('the dockerConfigFile of a registry', () => {
  test('counts for the host of its row alone, whatever else it holds (B28)', async () => {
    const auths = {
      'r.example.com': login('ann'),
      'x.example.com': login('bob'),
      '*.example.com': login('all'),
    };
    const path = await put('r.json', { auths });
    const files = createRegistryFiles(
      () => [{ host: 'r.example.com', dockerConfigFile: path }, { host: 'x.example.com' }],
      { clock },
    );
    expect(reported(await find(files, 'r.example.com/app'))).toEqual([
      'docker config ~/r.json: ann',
      'docker config ~/r.json: all',
    ]);
    for (const name of [
      'x.example.com/app',
      'r.example.com:5000/app',
      'y.example.com/app',
      'r.example.com.evil.io/app',
    ]) {
      expect(await find(files, name)).toEqual([]);
    }
  });

  test('follows the file: a rotated password is used a second later', async () => {
    const path = await put('r.json', { auths: { 'r.example.com': login('old') } });
    const files = createRegistryFiles(() => [{ host: 'r.example.com', dockerConfigFile: path }], { clock });
    await find(files, 'r.example.com/app');
    await put('r.json', { auths: { 'r.example.com': login('new') } });
    clock.advance(1000);
    expect(reported(await find(files, 'r.example.com/app'))).toEqual(['docker config ~/r.json: new']);
    await put('r.json', '{');
    clock.advance(1000);
    expect(reported(await find(files, 'r.example.com/app'))).toEqual([
      'docker config ~/r.json: new',
      'docker config ~/r.json: (it is no JSON; what it held before stays in use)',
    ]);
  });

  test('is another one as soon as the configuration says so, and goes with its row', async () => {
    const old = await put('old.json', { auths: { 'r.example.com': login('old') } });
    const now = await put('now.json', { auths: { 'r.example.com': login('now') } });
    let rows = [{ host: 'r.example.com', dockerConfigFile: old }];
    const files = createRegistryFiles(() => rows, { clock });
    expect(reported(await find(files, 'r.example.com/app'))).toEqual(['docker config ~/old.json: old']);
    rows = [{ host: 'r.example.com', dockerConfigFile: now }];
    expect(reported(await find(files, 'r.example.com/app'))).toEqual(['docker config ~/now.json: now']);
    rows = [];
    expect(await find(files, 'r.example.com/app')).toEqual([]);
  });

  test.each([
    ['is not there', undefined, 'there is no such file'],
    [
      'has nothing for the registry',
      { auths: { 'x.example.com': login('a') } },
      'it has no entry for this image: r.example.com/team/app',
    ],
    [
      'has only another path',
      { auths: { 'r.example.com/teamevil': login('a') } },
      'it has no entry for this image: r.example.com/team/app',
    ],
  ])('that %s is told: somebody named it for this registry', async (_title, config, why) => {
    const path = config === undefined ? join(home, 'r.json') : await put('r.json', config);
    const files = createRegistryFiles(() => [{ host: 'r.example.com', dockerConfigFile: path }], { clock });
    expect(reported(await find(files, 'r.example.com/team/app'))).toEqual([
      `docker config ~/r.json: (${why})`,
    ]);
  });

  test('runs no helper in a gate that serves, and says so; the CLI runs it', async () => {
    await install('one', `cat > /dev/null; touch "${home}/ran"; echo '{"Username":"by-one","Secret":"x"}'`);
    const path = await put('r.json', { credHelpers: { 'r.example.com': 'one' } });
    const rows = [{ host: 'r.example.com', dockerConfigFile: path }];
    expect(
      reported(
        await find(
          createRegistryFiles(() => rows, { clock }),
          'r.example.com/app',
        ),
      ),
    ).toEqual([
      'credential helper one of docker config ~/r.json: (a gate that serves runs no program: write the credential itself into the file (auths))',
    ]);
    expect(existsSync(join(home, 'ran'))).toBe(false);
    const helpers = createCredentialHelpers({ environment: environment(), clock });
    expect(
      reported(
        await find(
          createRegistryFiles(() => rows, { clock, helpers }),
          'r.example.com/app',
        ),
      ),
    ).toEqual(['credential helper one of docker config ~/r.json: by-one']);
    expect(existsSync(join(home, 'ran'))).toBe(true);
  });
});
