import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { criticalVector, osvRecord } from '../../fakes/advisories.ts';
import { debian, dpkgStatus, layerOf, npmPackage, pythonPackage } from '../../fakes/image-layout.ts';
import { ask } from '../../fakes/registry/registry-client.ts';
import { image, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import { delayed } from '../../fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry } from '../../fakes/registry/registry.ts';
import type { Written } from '../../fakes/tar-writer.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { eventually } from '../harness/eventually.ts';
import { createPod, decisionOn, detailsOf, judgeImages } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { startGoRegistry } from '../harness/go-registry.ts';
import { importAdvisories } from '../harness/import-advisories.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pushManifest } from '../harness/registry-push.ts';

const hole = (id: string, ecosystem: string, name: string): object =>
  osvRecord(id, { ecosystem, name, fixed: '2.0.0', vector: criticalVector });
const feeds = {
  PyPI: [hole('GHSA-pypi', 'PyPI', 'jinja2')],
  npm: [hole('GHSA-npm', 'npm', 'left-pad')],
  Debian: [hole('DSA-1', 'Debian:13', 'openssl')],
};
const check = { max: { critical: 0 }, unscanned: 'Deny', gaps: 'Deny' };

const eventToken = 'the-token-of-the-registry';
/** The machine of the tests is busy at times. */
const patience = { within: 30_000, every: 500 };

/** A system whose packages are fixed. */
const base: readonly Written[] = [debian, dpkgStatus('openssl', '2.1.0')];
let images = 0;
const imageWith = (...layers: readonly (readonly Written[])[]): FakeManifest =>
  image({ user: String(++images), layers: layers.map((entries) => layerOf(...entries)) });

/** No image here has a list beside it: what refuses it, the gate has found in its layers. */
describe('images are judged by what is in their layers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-catalogs-'));
  const stage = stageEvidence(async () => {
    const docker = await startDockerRegistry({ tls: true });
    const go = await startGoRegistry({ tls: true });
    // In memory: it says what it was asked for, and answers late when it is told to.
    const watched = await startFakeRegistry();
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, eventToken, { mode: 0o600 });
    return {
      docker,
      go,
      watched,
      config: {
        registries: [rowOf(docker), rowOf(go), rowOf(watched)],
        registryEvents: [{ source: 'tests', format: 'distribution', tokenFile, hosts: [watched.host] }],
      },
      close: async () => {
        await docker.stop();
        await go.stop();
        await watched.close();
      },
    };
  });
  const { cluster } = stage;
  let namespace: string;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const judgedBy = (more: object = {}, spec: object = {}): Promise<void> => {
    const { docker, go, watched } = stage.around;
    const hosts = [docker, go, watched].map(({ host }) => host);
    return judgeImages(cluster, namespace, {
      hosts,
      checks: [{ vulnerabilities: { ...check, ...more } }],
      spec,
    });
  };
  const pushed = async (where: 'docker' | 'go', made: FakeManifest): Promise<string> => {
    await pushManifest(stage.around[where], 'team/app', made);
    return `${stage.around[where].host}/team/app@${made.digest}`;
  };
  const watchedName = (made: FakeManifest, repository = 'team/app'): string => {
    stage.around.watched.push(repository, made);
    return `${stage.around.watched.host}/${repository}@${made.digest}`;
  };
  const codesFor = async (name: string) => {
    const { status, message } = await createPod(cluster, namespace, name);
    const codes = [...message.matchAll(/check vulnerabilities: ([\w-]+)/g)].map(([, code]) => code);
    return { status, codes, message };
  };
  const blobsAsked = (): number =>
    stage.around.watched.requests.filter(({ kind }) => kind === 'blobs').length;
  const admitted = { status: 201, codes: [] };
  const refused = (code: string) => ({ status: 403, codes: [code] });

  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    await judgedBy();
    await importAdvisories(stage.gate, feeds);
    const name = await pushed('go', imageWith(base));
    await eventually(
      'the advisories to be in force',
      async () => (await codesFor(name)).status === 201,
      patience,
    );
  });

  it.each(['docker', 'go'] as const)(
    'vulnerable ones are refused, the fixed one is admitted: %s',
    async (where) => {
      const vulnerable = [
        imageWith([debian, dpkgStatus('openssl', '1.0.0')]),
        imageWith(base, [pythonPackage('jinja2', '1.0')]),
        imageWith(base, [npmPackage('left-pad', '1.0.0')]),
      ];
      for (const made of vulnerable)
        expect(await codesFor(await pushed(where, made))).toMatchObject(refused('vulnerable'));
      const fixed = imageWith(base, [npmPackage('left-pad', '2.0.0'), pythonPackage('jinja2', '2.0.0')]);
      expect(await codesFor(await pushed(where, fixed))).toMatchObject(admitted);
    },
  );

  it('message and record name package and fix, whose list it is, and what was found by', async () => {
    const name = await pushed('docker', imageWith(base, [npmPackage('left-pad', '1.0.0')]));
    const { message, name: pod } = await createPod(cluster, namespace, name);
    expect(message).toContain('GHSA-npm in left-pad 1.0.0 (fixed in 2.0.0)');
    const decision = await decisionOn(stage.gate, { namespace, name: pod });
    expect(detailsOf(decision)).toContain('2 packages found by the gate (cataloger 2)');
  });

  it('V1: a system without its package database is refused', async () => {
    const name = await pushed('docker', imageWith([debian]));
    const { message, name: pod } = await createPod(cluster, namespace, name);
    expect(message).toContain('vulnerability-gap');
    expect(detailsOf(await decisionOn(stage.gate, { namespace, name: pod }))).toContain('packages-missing');
  });

  it('a Deployment first, and then no call to the registry for its Pod', async () => {
    const name = watchedName(imageWith(base));
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'warm' },
      spec: {
        selector: { matchLabels: { app: 'warm' } },
        template: {
          metadata: { labels: { app: 'warm' } },
          spec: { containers: [{ name: 'app', image: name }] },
        },
      },
    };
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    expect((await cluster.api('POST', path, deployment)).status).toBe(201);
    const { watched } = stage.around;
    await eventually('config and layer to be read', () => Promise.resolve(blobsAsked() >= 2), patience);
    watched.forget();
    expect(await codesFor(name)).toMatchObject(admitted);
    expect(watched.counts().total).toBe(0);
  });

  it('a push that the registry tells of, and then no call to it for the Pod', async () => {
    const { watched } = stage.around;
    watched.forget();
    const made = imageWith(base);
    const name = watchedName(made, 'team/told');
    const { digest, mediaType } = made;
    const target = { mediaType, digest, repository: 'team/told', tag: 'v1' };
    const event = { action: 'push', target, request: { host: watched.host } };
    const { status } = await ask(`${stage.gate.url}/registry-events`, {
      method: 'POST',
      ca: readFileSync(join(stage.gate.data, 'tls', 'ca.crt'), 'utf8'),
      headers: { authorization: `Bearer ${eventToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ events: [event] }),
    });
    expect(status).toBe(202);
    await eventually('config and layer to be read', () => Promise.resolve(blobsAsked() >= 2), patience);
    watched.forget();
    expect(await codesFor(name)).toMatchObject(admitted);
    expect(watched.counts().total).toBe(0);
  });

  it('B34: unscanned while the layers come, and admitted at the next try', async () => {
    const name = watchedName(imageWith(base, [npmPackage('left-pad', '2.0.0')]));
    const { watched } = stage.around;
    const disarm = watched.fault({ path: '/blobs/', times: 3 }, delayed(6000));
    const first = await codesFor(name);
    expect(first).toMatchObject(refused('vulnerabilities-unscanned'));
    expect(first.message).toMatch(/is not looked into yet \(\d+ of \d+ MB read; try again\)/);
    await eventually('the next try to pass', async () => (await codesFor(name)).status === 201, {
      within: 60_000,
      every: 1000,
    });
    disarm();
  });

  it('V6: a manifest that names the layers of somebody else tells nothing of them, and is refused', async () => {
    const secret = imageWith(base, [npmPackage('left-pad', '1.0.0')]);
    expect(await codesFor(watchedName(secret, 'secret/app'))).toMatchObject(refused('vulnerable'));
    const stolen = { ...secret, blobs: secret.blobs.slice(0, 1) };
    const { status, codes, message } = await codesFor(watchedName(stolen, 'stranger/copy'));
    expect({ status, codes }).toEqual(refused('image-unavailable'));
    expect(message).not.toContain('left-pad');
  });

  it('V5: a layer that is not what its config names is refused, whatever `onUnavailable` says', async () => {
    await judgedBy({ unscanned: 'Warn', gaps: 'Warn' }, { onUnavailable: 'Warn' });
    const bare = await pushed('docker', imageWith([debian]));
    await eventually(
      'the policy to be in force',
      async () => (await codesFor(bare)).status === 201,
      patience,
    );
    const rootfs = { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] };
    const made = image({ user: String(++images), layers: [layerOf(...base)], config: { rootfs } });
    expect(await codesFor(await pushed('docker', made))).toMatchObject(refused('image-unavailable'));
    await judgedBy();
    await eventually(
      'the policy to be in force',
      async () => (await codesFor(bare)).status === 403,
      patience,
    );
  });

  it('R25: the registry is down: what is known stands, what is not is up to `onUnavailable`', async () => {
    const known = await pushed('go', imageWith(base));
    expect(await codesFor(known)).toMatchObject(admitted);
    const unknown = await pushed('go', imageWith(base));
    await stage.around.go.stop();
    expect(await codesFor(known)).toMatchObject(admitted);
    expect(await codesFor(unknown)).toMatchObject(refused('image-unavailable'));
    await judgedBy({}, { onUnavailable: 'Warn' });
    await eventually('it to be excused', async () => (await codesFor(unknown)).status === 201, patience);
  });
});
