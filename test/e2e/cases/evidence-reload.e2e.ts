import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { image } from '../../fakes/registry/registry-content.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { createPod, decisionOn, detailsOf, judgeImages } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pushManifest } from '../harness/registry-push.ts';

const login = { username: 'ann', password: 'the right one' };
/** Somebody reads an image, in the log of docker-registry. */
const read = /method=(?:GET|HEAD) .*uri=\/v2\/team/;
/** Two looks, two seconds apart, and what a slow machine needs. */
const reloaded = { within: 15_000, every: 250 };

describe('the registries of the configuration file, changed while the gate runs', () => {
  const stage = stageEvidence(async () => {
    const users = { [login.username]: login.password };
    const registry = await startDockerRegistry({ tls: true, auth: { mode: 'basic', users } });
    return { registry, config: { registries: [] }, close: () => registry.stop() };
  });
  const { cluster } = stage;
  let namespace: string;
  const app = (tag: string) => `${stage.around.registry.host}/team/app:${tag}`;
  const write = (config: object): void =>
    writeFileSync(join(stage.gate.data, 'config.yaml'), stringify(config));
  /** Says so when the file was read again, whatever came of it. */
  const logged = (text: string) =>
    eventually(text, async () => stage.gate.process.output().includes(text), reloaded);
  const refusal = async (tag: string): Promise<string> => {
    const { status, name } = await createPod(cluster, namespace, app(tag));
    expect(status).toBe(403);
    return detailsOf(await decisionOn(stage.gate, { namespace, name }));
  };

  beforeAll(async () => {
    const { registry } = stage.around;
    const target = { ...registry, user: login.username, password: login.password };
    for (const tag of ['one', 'two']) {
      await pushManifest(target, 'team/app', image({ user: '65532', labels: { tag } }), tag);
    }
    namespace = await createNamespace(cluster);
    await judgeImages(cluster, namespace, { hosts: [registry.host] });
  });

  it('open no private address until a row says so (B26)', async () => {
    expect(await refusal('one')).toMatch(/: address: .*allowPrivateAddress/);
    expect(read.test(stage.around.registry.log())).toBe(false);
  });

  it('log in once a row names the file to log in with', async () => {
    const dockerConfigFile = join(stage.gate.data, 'login.json');
    const auths = { [stage.around.registry.host]: login };
    writeFileSync(dockerConfigFile, JSON.stringify({ auths }), { mode: 0o600 });
    write({ registries: [{ ...rowOf(stage.around.registry), dockerConfigFile }] });
    await logged('registries reloaded');
    expect(await createPod(cluster, namespace, app('one'))).toMatchObject({ status: 201 });
    expect(read.test(stage.around.registry.log())).toBe(true);
  });

  it('stay as they were when what is written cannot be used, and the log says where', async () => {
    write({ registries: [{ host: stage.around.registry.host, allowPrivateAddresses: true }] });
    await logged('the last good rows stay');
    expect(stage.gate.process.output()).toContain('allowPrivateAddresses');
    expect(await createPod(cluster, namespace, app('two'))).toMatchObject({ status: 201 });
  });
});
