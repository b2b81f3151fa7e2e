import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import { image } from '../../fakes/registry/registry-content.ts';
import { startFakeRegistry } from '../../fakes/registry/registry.ts';
import { createPod, judgeImages, type CreatedPod } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { installGate } from '../harness/gate.ts';
import { startInjector, type InjectedPatch, type Injector } from '../harness/injector.ts';
import { createNamespace } from '../harness/namespaces.ts';

const registration = '/apis/admissionregistration.k8s.io/v1';
const good = image({ user: '65532' });
const sidecar = image({ user: '65532', labels: { name: 'sidecar' } });
const root = image({ user: '0' });

describe('pinning beside other webhooks', () => {
  const stage = stageEvidence(async () => {
    const registry = await startFakeRegistry();
    const content = { 'team/app': good, 'mesh/proxy': sidecar, 'team/root': root };
    for (const [repository, made] of Object.entries(content)) registry.push(repository, made, 'v1');
    return { registry, config: { registries: [rowOf(registry)] }, close: () => registry.close() };
  });
  const { cluster } = stage;
  let namespace: string;
  let injector: Injector;
  const named = (repository: string) => `${stage.around.registry.host}/${repository}:v1`;
  const imagesOf = ({ body }: CreatedPod): string[] =>
    (body['spec'] as { containers: { image: string }[] }).containers.map((container) => container.image);

  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    await judgeImages(cluster, namespace, { hosts: [stage.around.registry.host] });
    injector = await startInjector(cluster, namespace);
  });
  afterAll(() => injector.close());

  const add = (text: string): InjectedPatch => ({
    op: 'add',
    path: '/spec/containers/-',
    value: { name: 'injected', image: text },
  });
  const replace = (value: string): InjectedPatch => ({
    op: 'replace',
    path: '/spec/containers/0/image',
    value,
  });
  const injected = async (again: 'Never' | 'IfNeeded', ...patch: InjectedPatch[]): Promise<CreatedPod> => {
    await injector.inject(again, patch);
    // The API server sees a new configuration a moment later.
    return eventually(
      'the other webhook to be asked',
      async () => {
        const answer = await createPod(cluster, namespace, named('team/app'));
        const ours =
          answer.status === 201 && imagesOf(answer).join(' ') === `${named('team/app')}@${good.digest}`;
        return ours ? false : answer;
      },
      { within: 5_000 },
    );
  };

  it('reaches a sidecar that is injected afterwards', async () => {
    const passed = await injected('Never', add(named('mesh/proxy')));
    expect([passed.message, imagesOf(passed)]).toEqual([
      '',
      [`${named('team/app')}@${good.digest}`, `${named('mesh/proxy')}@${sidecar.digest}`],
    ]);
  });

  it('does not keep a sidecar that runs as root from being refused', async () => {
    const refused = await injected('Never', add(named('team/root')));
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('image-user-root')]);
  });

  it('is repeated when the digest is taken away afterwards, and what has none at last is refused (B22)', async () => {
    const sidecarToo = add(named('mesh/proxy'));
    const passed = await injected('Never', replace(named('team/app')), sidecarToo);
    expect([passed.message, imagesOf(passed)[0]]).toEqual(['', `${named('team/app')}@${good.digest}`]);
    const refused = await injected('IfNeeded', replace(named('team/app')));
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('digest-missing')]);
  });

  it('trusts no digest that came from elsewhere (B1, B16)', async () => {
    const refused = await injected('IfNeeded', replace(`${named('team/app')}@${root.digest}`));
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('image-absent')]);
    const asRoot = await injected('IfNeeded', replace(`${named('team/root')}@${root.digest}`));
    expect([asRoot.status, asRoot.message]).toEqual([403, expect.stringContaining('image-user-root')]);
  });

  it('is written into the audit log of the API server', async () => {
    await injector.inject('Never', []);
    const { name } = await createPod(cluster, namespace, named('team/app'));
    const line = await eventually(
      'the line of the audit log',
      async () =>
        (await readFile(cluster.auditLog, 'utf8'))
          .split('\n')
          .find((one) => one.includes(`"name":"${name}"`) && one.includes('mutate.imagegate.dev/pinned')),
      { within: 10_000 },
    );
    const { annotations } = JSON.parse(line) as { annotations: Record<string, string> };
    expect(annotations['mutate.imagegate.dev/pinned']).toBe('/spec/containers/0/image');
  });

  it.each([
    {
      title: 'refuses Pods without a digest, and only Pods, when the webhook that pins was deleted',
      deleted: 'mutatingwebhookconfigurations/imagegate',
      expected: { status: 403, message: expect.stringContaining('digest-missing') as string },
    },
    {
      title: 'goes on and refuses nothing when the webhook that judges was deleted (break-glass)',
      deleted: 'validatingwebhookconfigurations/imagegate',
      expected: { status: 201, image: `@${root.digest}` },
    },
  ])('$title', async ({ deleted, expected }) => {
    await injector.inject('Never', []);
    expect(await cluster.api('DELETE', `${registration}/${deleted}`)).toMatchObject({ status: 200 });
    const intact = (value: number) =>
      eventually(
        `intact ${value}`,
        async () => (await stage.gate.metric('imagegate_webhook_intact')) === value,
        {
          within: 10_000,
        },
      );
    await intact(0);
    const text = named(expected.status === 403 ? 'team/app' : 'team/root');
    const answer = await createPod(cluster, namespace, text);
    expect(answer).toMatchObject(
      'image' in expected ? { status: 201, image: text + expected.image } : expected,
    );
    const deployment = ['create', 'deployment', `d${expected.status}`, `--image=${text}`, '--replicas=0'];
    await cluster.must(['-n', namespace, ...deployment]);
    await installGate(cluster, stage.gate.url, stage.gate.data);
    await intact(1);
  });
});
