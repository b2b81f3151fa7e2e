import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import type { Cluster } from '../harness/cluster.ts';
import { crdNameOf, isServed } from '../harness/constraint-crd.ts';
import { forbids } from '../harness/constraint-objects.ts';
import { eventually } from '../harness/eventually.ts';
import { clearGate } from '../harness/gate.ts';
import { imagegate } from '../harness/imagegate.ts';
import { createTimed, startLoad, wrongAnswers, type LoadedCreate } from '../harness/load.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { goodImage, pod } from '../harness/policies.ts';
import {
  createReplicaPair,
  installReplicaPair,
  killUnderLoad,
  type ReplicaPair,
} from '../harness/replica-pair.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const closedDoor =
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/imagegate-constraints';
const constraintsPath = '/apis/constraints.gatekeeper.sh/v1beta1/forbiddenlabel';
const ownKinds = ['constrainttemplates.templates.gatekeeper.sh', 'configs.config.gatekeeper.sh'];
const flags = ['--constraints', 'enforce'];
const why = 'the label bad is forbidden';

/** Asked about by the door of workloads, and by that of everything else. */
const objects: Readonly<Record<string, (name: string) => KubeObject>> = {
  pods: (name) => pod(name, goodImage),
  services: (name) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { ports: [{ port: 80 }] },
  }),
};
const labelled = (object: KubeObject, good: boolean): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels: good ? {} : { bad: 'yes' } },
});

/** Pods and Services in turn, every second one of each with a label that is forbidden. */
const create = (cluster: Cluster, namespace: string, index: number): Promise<LoadedCreate> => {
  const good = index % 4 < 2;
  const [resource, make] = Object.entries(objects)[index % 2]!;
  const name = `load-${index}`;
  const object = labelled(make(name), good);
  return createTimed(cluster, `/api/v1/namespaces/${namespace}/${resource}`, { name, good, object });
};

describe('two replicas that judge by constraints, behind one address', () => {
  const cluster = sharedCluster();
  let pair: ReplicaPair;
  let namespace: string;

  const constrain = (name: string, label: string, kind: readonly string[]) =>
    cluster.api('POST', constraintsPath, {
      apiVersion: 'constraints.gatekeeper.sh/v1beta1',
      kind: 'ForbiddenLabel',
      metadata: { name },
      spec: {
        match: { kinds: [{ apiGroups: [''], kinds: kind }], namespaces: [namespace] },
        parameters: { label },
      },
    });
  const refuses = (resource: string, object: KubeObject, message: string) =>
    eventually(
      `a refusal of ${resource}`,
      async () =>
        (
          await cluster.api('POST', `/api/v1/namespaces/${namespace}/${resource}?dryRun=All`, object)
        ).message.includes(message),
      { within: 20_000 },
    );
  const isEnforced = async (name: string): Promise<boolean> => {
    const { body } = await cluster.api('GET', `${constraintsPath}/${name}`);
    const { byPod = [] } = (body['status'] ?? {}) as { byPod?: { enforced: boolean }[] };
    // One of the replicas speaks for all of them.
    return byPod.length === 1 && byPod[0]!.enforced;
  };

  beforeAll(async () => {
    await clearGate(cluster);
    const own = await imagegate(['manifests', '--gatekeeper-crds']);
    await cluster.must(['apply', '-f', '-'], { input: own.stdout });
    await cluster.must(['wait', '--for=condition=Established', ...ownKinds.map((name) => `crd/${name}`)]);
    pair = await createReplicaPair(cluster, { args: flags });
    await installReplicaPair(cluster, pair, [...flags, '--constraint-crds']);
    namespace = await createNamespace(cluster);
    await cluster.must(['apply', '-f', '-'], { input: JSON.stringify(forbids) });
    await eventually('the CRD', () => isServed(cluster, crdNameOf('ForbiddenLabel')), { within: 20_000 });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await cluster.run(['delete', 'constrainttemplates', '--all']);
    await pair.close();
    await cluster.run(['delete', 'crd', '-l', 'gatekeeper.sh/constraint=yes']);
    await cluster.run(['delete', 'crd', ...ownKinds]);
  });

  it('keep one door between them, and do not write it in turn', async () => {
    expect((await constrain('no-bad', 'bad', ['Pod', 'Service'])).status).toBe(201);
    for (const [resource, make] of Object.entries(objects))
      await refuses(resource, labelled(make('probe'), false), why);
    await eventually('a status that says so', () => isEnforced('no-bad'), { within: 20_000 });
    const read = async () => (await cluster.api('GET', closedDoor)).body.metadata?.['resourceVersion'];
    const before = await read();
    await sleep(3_000);
    expect(await read()).toBe(before);
  });

  it('let nothing bad in when one is killed under load, and soon answer everything again (R10, R14)', async () => {
    const load = startLoad(cluster, namespace, 20, create);
    const { creates, lost, lostLater } = await killUnderLoad(pair, load);
    expect(creates.length).toBeGreaterThan(100);
    expect(wrongAnswers(creates, why)).toEqual([]);
    for (const { message } of lost) expect(message).toContain('failed calling webhook');
    expect(lostLater).toEqual([]);
    expect(lost.length).toBeLessThanOrEqual(40);
    for (const resource of Object.keys(objects)) {
      const { body } = await cluster.api('GET', `/api/v1/namespaces/${namespace}/${resource}`);
      const items = body['items'] as KubeObject[];
      expect(items.length).toBeGreaterThan(10);
      expect(items.filter(({ metadata }) => metadata?.labels?.['bad'] !== undefined)).toEqual([]);
    }
  });

  it('the one that is left opens the door of a new constraint, and the other one asks it when it is back', async () => {
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'probe', labels: { worse: 'a' } },
    };
    expect((await constrain('no-worse', 'worse', ['ConfigMap'])).status).toBe(201);
    await refuses('configmaps', configMap, '[no-worse] the label worse is forbidden');
    const dead = await pair.startDead();
    await pair.replicas[1 - dead]!.stop();
    await refuses('configmaps', configMap, '[no-worse] the label worse is forbidden');
  });
});
