import { mkdtempSync, rmSync } from 'node:fs';
import type { Digest } from '../../../src/core/image/digest.ts';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RegistryAnswer } from '../../../src/evidence/ports.ts';
import { image } from '../../fakes/registry/registry-content.ts';
import { listen } from '../../fakes/registry/registry-listener.ts';
import {
  anonymous,
  basicCredential,
  budgetOf,
  openReading,
  type RegistryRow,
} from '../../fakes/registry/registry-reading.ts';
import { startDockerRegistry, type DockerRegistryOptions } from '../harness/docker-registry.ts';
import { eventually } from '../harness/eventually.ts';
import { skopeo, umoci } from '../harness/registry-commands.ts';
import { rowOf } from '../harness/registry-process.ts';
import { pushManifest } from '../harness/registry-push.ts';

const ann = basicCredential('ann', 'the right one');
const user = { user: 'ann', password: 'the right one' };
const basicAuth = { mode: 'basic', users: { ann: 'the right one' } } as const;
const tokenAuth = { mode: 'token', users: { ann: { password: 'the right one' } } } as const;

describe('a real registry', () => {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  const start = async (options: DockerRegistryOptions) => {
    const running = await startDockerRegistry(options);
    open.push(() => running.stop());
    return running;
  };
  const reading = (...rows: readonly RegistryRow[]) => {
    const reader = openReading(rows, 'guarded');
    open.push(() => reader.close());
    return reader.registry;
  };
  const kindOf = (answer: RegistryAnswer<unknown>): string =>
    answer.state === 'unavailable' ? `${answer.why.kind} at ${answer.why.stage}` : answer.state;
  const web = image({ user: '1000' });
  const v1 = { tag: 'v1' };

  it('reads what umoci made and skopeo pushed, as OCI and as Docker image', async () => {
    const running = await start({ tls: true, auth: basicAuth });
    const folder = mkdtempSync(join(tmpdir(), 'imagegate-layout-'));
    open.push(async () => rmSync(folder, { recursive: true }));
    const layout = `${folder}/layout`;
    await umoci(['init', '--layout', layout]);
    await umoci(['new', '--image', `${layout}:base`]);
    await umoci([
      'config',
      '--image',
      `${layout}:base`,
      '--config.user',
      '65532',
      '--config.label',
      'team=shop',
    ]);
    const at = { host: running.host, repository: 'team/made' };
    const registry = reading(rowOf(running));
    for (const format of ['oci', 'v2s2']) {
      const to = `docker://${running.host}/team/made:${format}`;
      const access = ['--dest-cert-dir', running.caFolder!, '--dest-creds', 'ann:the right one'];
      await skopeo(['copy', '--format', format, ...access, `oci:${layout}:base`, to]);
      const manifest = await registry.manifest(at, { tag: format }, ann, budgetOf());
      if (manifest.state !== 'known') throw new Error(JSON.stringify(manifest));
      const { config } = JSON.parse(Buffer.from(manifest.value.bytes).toString()) as {
        config: { digest: Digest; size: number };
      };
      const content = await registry.blob(at, config, 65_536, ann, budgetOf());
      if (content.state !== 'known') throw new Error(JSON.stringify(content));
      expect(JSON.parse(Buffer.from(content.value.bytes).toString())).toMatchObject({
        config: { User: '65532', Labels: { team: 'shop' } },
      });
    }
  });

  it('B28: shows a password to no token server that is not listed for it', async () => {
    const running = await start({ tls: true, auth: tokenAuth });
    const { host, tokenServer } = running;
    await pushManifest({ ...running, ...user }, 'team/web', web, 'v1');
    tokenServer!.requests.length = 0;
    const registry = reading(rowOf(running), { ...rowOf(running), host: tokenServer!.host });
    const answer = await registry.manifest({ host, repository: 'team/web' }, v1, ann, budgetOf());
    expect(kindOf(answer)).toBe('denied at manifest');
    expect(tokenServer!.requests.map(({ credentials }) => credentials)).toContain('none');
    expect(tokenServer!.requests.filter(({ credentials }) => credentials !== 'none')).toEqual([]);
    expect(tokenServer!.requests.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([]);
  });

  it('reads with an anonymous token what everybody may read, and no more', async () => {
    const running = await start({ tls: true, auth: { ...tokenAuth, anonymous: ['public/web'] } });
    const { host, tokenServer } = running;
    for (const name of ['public/web', 'team/web'])
      await pushManifest({ ...running, ...user }, name, web, 'v1');
    const registry = reading(
      { ...rowOf(running), tokenRealms: [tokenServer!.host] },
      { ...rowOf(running), host: tokenServer!.host },
    );
    const ask = (repository: string) => registry.manifest({ host, repository }, v1, anonymous, budgetOf());
    expect(kindOf(await ask('public/web'))).toBe('known');
    expect(kindOf(await ask('team/web'))).toBe('denied at manifest');
  });

  it.each([
    [
      'B26: it lies at a private address',
      (row: RegistryRow) => ({ ...row, allowPrivateAddress: false }),
      'refused at address',
    ],
    [
      'nobody said that its authority is to be trusted',
      ({ host }: RegistryRow) => ({ host, allowPrivateAddress: true }),
      'unreachable at connect',
    ],
  ])('is not spoken to when %s', async (_title, without, kind) => {
    const running = await start({ tls: true });
    await pushManifest(running, 'web', web, 'v1');
    const at = { host: running.host, repository: 'web' };
    const row = rowOf(running);
    expect(kindOf(await reading(without(row)).manifest(at, v1, anonymous, budgetOf()))).toBe(kind);
    expect(kindOf(await reading(row).manifest(at, v1, anonymous, budgetOf()))).toBe('known');
  });

  it('is not spoken to over plain HTTP unless the configuration says so', async () => {
    const running = await start({});
    await pushManifest(running, 'web', web, 'v1');
    const at = { host: running.host, repository: 'web' };
    const secure = reading({ ...rowOf(running), plainHttp: false });
    expect(kindOf(await secure.manifest(at, v1, ann, budgetOf()))).toBe('unreachable at connect');
    expect(kindOf(await reading(rowOf(running)).manifest(at, v1, ann, budgetOf()))).toBe('known');
  });

  it('tells of a push: repository, tag and digest, with the header that it was given', async () => {
    interface Notification {
      readonly authorization: string | undefined;
      readonly type: string | undefined;
      readonly body: string;
    }
    const seen: Notification[] = [];
    const listener = await listen({}, async ({ request, response, body }) => {
      seen.push({
        authorization: request.headers.authorization,
        type: request.headers['content-type'],
        body,
      });
      response.end();
    });
    open.push(() => listener.close());
    const url = `${listener.url}/registry-events`;
    const running = await start({ notify: { url, headers: { Authorization: ['Bearer of the tests'] } } });
    await pushManifest(running, 'team/web', web, 'v1');
    const tagged = ({ body }: Notification) => body.includes('"tag": "v1"') || body.includes('"tag":"v1"');
    const event = await eventually('a notification', async () => seen.find(tagged), { within: 10_000 });
    expect(event.authorization).toBe('Bearer of the tests');
    expect(event.type).toBe('application/vnd.docker.distribution.events.v1+json');
    expect(JSON.parse(event.body)).toMatchObject({
      events: [
        {
          action: 'push',
          target: { mediaType: web.mediaType, digest: web.digest, repository: 'team/web', tag: 'v1' },
        },
      ],
    });
  });

  it('that is down is unreachable, and is read again within seconds of its return', async () => {
    const running = await start({ tls: true });
    await pushManifest(running, 'web', web, 'v1');
    const registry = reading(rowOf(running));
    const ask = () => registry.manifest({ host: running.host, repository: 'web' }, v1, anonymous, budgetOf());
    expect(kindOf(await ask())).toBe('known');
    await running.down();
    for (let n = 0; n < 6; n++) {
      const answer = await ask();
      if (answer.state !== 'unavailable') throw new Error(`it answered: ${answer.state}`);
      expect(answer.why.kind).toBe('unreachable');
      expect(answer.why.host).toBe(running.host);
    }
    await running.up();
    await eventually('an answer', async () => (await ask()).state === 'known', { within: 5000 });
  });
});
