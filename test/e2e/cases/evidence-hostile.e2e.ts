import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { image } from '../../fakes/registry/registry-content.ts';
import { flipping, lyingDigest, redirect, withBody } from '../../fakes/registry/registry-faults.ts';
import { startFakeRegistry } from '../../fakes/registry/registry.ts';
import { silence } from '../../fakes/registry/registry-wire-faults.ts';
import {
  createPod,
  decisionOn,
  detailsOf,
  judgeImages,
  type CreatedPod,
} from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { createNamespace } from '../harness/namespaces.ts';

const good = image({ user: '65532' });
const root = image({ user: '0' });

describe('a registry that lies', () => {
  const stage = stageEvidence(async () => {
    const registry = await startFakeRegistry();
    // Its row leaves it more time than a review has.
    const silent = await startFakeRegistry();
    silent.fault({}, silence());
    const config = { registries: [{ ...rowOf(registry), timeout: '500ms' }, rowOf(silent)] };
    const close = async () => {
      await silent.close();
      await registry.close();
    };
    return { registry, silent, config, close };
  });
  const { cluster } = stage;
  let namespace: string;
  /** A repository of a test's own: nothing of it is known to the gate. */
  const repository = (name: string): string => {
    stage.around.registry.push(name, good, 'v1');
    stage.around.registry.push(name, root);
    return `${stage.around.registry.host}/${name}`;
  };
  const asked = (path: string) => stage.around.registry.requests.filter((one) => one.path.includes(path));
  const refusedBy = (code: string) => ({ status: 403, message: expect.stringContaining(code) as string });
  const decision = ({ name }: CreatedPod) => decisionOn(stage.gate, { namespace, name });

  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    const { registry, silent } = stage.around;
    await judgeImages(cluster, namespace, { hosts: [registry.host, silent.host] });
  });

  it('and moves a tag between two calls has the Pod stored with the digest that was judged (B1)', async () => {
    const at = repository('flips/to-root');
    stage.around.registry.fault({ path: '/flips/to-root/manifests/v1' }, flipping(good, root));
    const passed = await createPod(cluster, namespace, `${at}:v1`);
    expect([passed.message, passed.image]).toEqual(['', `${at}:v1@${good.digest}`]);
    expect((await decision(passed)).images).toMatchObject([{ digest: good.digest }]);
    expect(asked('/flips/to-root/manifests/v1')).toHaveLength(1);
  });

  it('and moves it back to a harmless one has the Pod refused for what it named first (B1)', async () => {
    const at = repository('flips/to-good');
    stage.around.registry.fault({ path: '/flips/to-good/manifests/v1' }, flipping(root, good));
    const refused = await createPod(cluster, namespace, `${at}:v1`);
    expect(refused).toMatchObject(refusedBy('image-user-root'));
    expect((await decision(refused)).images).toMatchObject([{ digest: root.digest }]);
  });

  it('and moves it at every call is asked once for all containers of a Pod (B1)', async () => {
    const at = repository('flips/always');
    stage.around.registry.fault({ path: '/flips/always/manifests/v1' }, flipping(good, root));
    const same = ['a', 'b', 'c'].map((name) => ({ name, image: `${at}:v1` }));
    const { status, body } = await createPod(cluster, namespace, '', { containers: same });
    expect(status).toBe(201);
    const { containers } = body['spec'] as { containers: { image: string }[] };
    expect(containers.map(({ image }) => image)).toEqual(same.map(() => `${at}:v1@${good.digest}`));
    expect(asked('/flips/always/manifests/v1')).toHaveLength(1);
  });

  it.each([
    {
      title: 'other bytes under a digest (B1)',
      name: 'lies/bytes',
      path: `/manifests/${good.digest}`,
      fault: withBody(root.bytes),
      text: (at: string) => `${at}@${good.digest}`,
      says: /but the bytes have the digest sha256:/,
    },
    {
      title: 'another digest in its header than its bytes have (B1)',
      name: 'lies/header',
      path: '/manifests/v1',
      fault: lyingDigest(root.digest),
      text: (at: string) => `${at}:v1`,
      says: /but its Docker-Content-Digest is not the digest of the bytes/,
    },
    {
      title: 'another config than the manifest names',
      name: 'lies/config',
      path: '/blobs/',
      fault: withBody(good.config!.bytes.toString().replace('65532', '65533')),
      text: (at: string) => `${at}@${good.digest}`,
      says: /but its bytes have another digest/,
    },
    {
      title: 'a redirect to the metadata service (B26)',
      name: 'lies/redirect',
      path: '/blobs/',
      fault: redirect('https://169.254.169.254/latest/meta-data/'),
      text: (at: string) => `${at}@${good.digest}`,
      says: /^image-unavailable: 169\.254\.169\.254: address: its address is link-local/m,
    },
    {
      title: 'nothing at all',
      name: 'lies/silence',
      path: '/manifests/',
      fault: silence(),
      text: (at: string) => `${at}@${good.digest}`,
      says: /it did not answer in full within 500 ms, .* without a credential, after \d+ ms/,
    },
  ])('and answers with $title makes the image unavailable, within seconds', async (lie) => {
    const { registry } = stage.around;
    const text = lie.text(repository(lie.name));
    const disarm = registry.fault({ path: `${lie.name}${lie.path}` }, lie.fault);
    const began = Date.now();
    const refused = await createPod(cluster, namespace, text);
    expect(refused).toMatchObject(refusedBy('image-unavailable'));
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(detailsOf(await decision(refused))).toMatch(lie.says);
    // Nothing of the lie is kept: the truth passes at once.
    disarm();
    expect(await createPod(cluster, namespace, text)).toMatchObject({ status: 201 });
  });

  it('and keeps silent for longer than the API server waits is told by a decision, for many Pods at once', async () => {
    for (const kind of ['validating', 'mutating']) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/imagegate`;
      const { body } = await cluster.api('GET', path);
      const webhooks = (body['webhooks'] as object[]).map((one) => ({ ...one, timeoutSeconds: 2 }));
      expect(await cluster.api('PUT', path, { ...body, webhooks })).toMatchObject({ status: 200 });
    }
    // A Pod that comes before the API server knows of it waits for the longer time: that would only cost the test.
    await sleep(1_000);
    const create = async (at: number) => {
      const began = Date.now();
      const answer = await createPod(cluster, namespace, `${stage.around.silent.host}/team/app:v${at}`);
      return { ...answer, took: Date.now() - began };
    };
    const first = await eventually(
      'the shorter time to be known',
      async () => {
        const answer = await create(0);
        return answer.took < 8_000 && answer;
      },
      { within: 30_000 },
    );
    const answers = [first, ...(await Promise.all(Array.from({ length: 20 }, (_, at) => create(at + 1))))];
    for (const answer of answers) expect(answer).toMatchObject(refusedBy('image-unavailable'));
    expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(5_000);
    expect(detailsOf(await decision(first))).toMatch(/: manifest: .* after [\d,]+ ms/);
    // Others are served meanwhile.
    const at = repository('beside/silence');
    expect(await createPod(cluster, namespace, `${at}:v1`)).toMatchObject({ status: 201 });
  });
});
