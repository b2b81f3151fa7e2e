import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoginReport } from '../../../src/cli/login-test.ts';
import type { DecisionList } from '../../../src/core/decision/decision.ts';
import { imagegate, type Ended } from '../../cli/imagegate.ts';
import { image } from '../../fakes/registry/registry-content.ts';
import { startDockerRegistry, type DockerRegistry } from '../harness/docker-registry.ts';
import { pushManifest } from '../harness/registry-push.ts';

const user = { user: 'ann', password: 'the right one' };
const web = image({ user: '1000' });
const rooted = image();

const policy = `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: non-root }
spec: { checks: [ { digest: { pin: true } }, { image: { user: NonRoot } } ] }
`;

describe('check in a pipeline, with docker-registry behind TLS and a token server', () => {
  let registry: DockerRegistry;
  let folder: string;
  const run = (args: readonly string[], input = ''): Promise<Ended> =>
    imagegate([...args, '--config', join(folder, 'imagegate.yaml')], {
      input,
      env: { HOME: folder, DOCKER_CONFIG: join(folder, 'docker'), XDG_RUNTIME_DIR: folder },
    });
  const check = (words: readonly string[], input?: string): Promise<Ended> =>
    run(['check', ...words, '--policies', join(folder, 'policy.yaml')], input);
  const login = (password: string): void => {
    const auth = Buffer.from(`ann:${password}`).toString('base64');
    writeFileSync(
      join(folder, 'docker', 'config.json'),
      JSON.stringify({ auths: { [registry.host]: { auth } } }),
    );
  };
  beforeAll(async () => {
    registry = await startDockerRegistry({
      tls: true,
      auth: { mode: 'token', users: { ann: { password: user.password } } },
    });
    folder = mkdtempSync(join(tmpdir(), 'imagegate-check-'));
    mkdirSync(join(folder, 'docker'));
    const realm = new URL(registry.tokenServer?.realm ?? '').host;
    const own = { allowPrivateAddress: true, caFile: registry.caFile };
    const rows = [
      { host: registry.host, ...own, tokenRealms: [realm] },
      { host: realm, ...own },
    ];
    writeFileSync(join(folder, 'imagegate.yaml'), JSON.stringify({ registries: rows }));
    writeFileSync(join(folder, 'policy.yaml'), policy);
    await pushManifest({ ...registry, ...user }, 'team/web', web, 'v1');
    await pushManifest({ ...registry, ...user }, 'team/web', rooted, 'rooted');
  });
  afterAll(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true });
  });

  it('check image: 0, 1 and 3 with the login of the user', async () => {
    login('wrong');
    expect((await check(['image', `${registry.host}/team/web:v1`])).code).toBe(3);
    login(user.password);
    const ended = await check([
      'image',
      `${registry.host}/team/web:v1`,
      `${registry.host}/team/web:rooted`,
      '-o',
      'json',
    ]);
    expect(ended.code).toBe(1);
    const { items } = JSON.parse(ended.stdout) as DecisionList;
    expect(items.map(({ allowed, images }) => [allowed, images[0]?.digest])).toEqual([
      [true, web.digest],
      [false, rooted.digest],
    ]);
    expect((await check(['image', `${registry.host}/team/web:v1`])).code).toBe(0);
  });

  it('check manifest --pin writes the digest that the registry has', async () => {
    login(user.password);
    const file = join(folder, 'app.yaml');
    const text = (suffix: string): string =>
      `apiVersion: v1\nkind: Pod # one\nspec:\n  containers:\n  - {image: '${registry.host}/team/web:v1${suffix}', name: a}\n`;
    writeFileSync(file, text(''));
    expect((await check(['manifest', '--pin', '-f', file])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(text(`@${web.digest}`));
  });

  it('registry login-test: 0 and 1, with the token server that was named', async () => {
    login(user.password);
    const words = ['registry', 'login-test', registry.host, '--repository', 'team/web:v1', '-o', 'json'];
    const good = await run(words);
    expect(good.code).toBe(0);
    const { attempts } = JSON.parse(good.stdout) as LoginReport;
    expect(attempts[0]).toMatchObject({ outcome: 'works', realm: registry.tokenServer?.realm });
    login('wrong');
    expect((await run(words)).code).toBe(1);
  });
});
