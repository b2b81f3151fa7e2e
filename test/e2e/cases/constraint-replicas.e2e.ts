import { cp } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTcpBalancer, type TcpBalancer } from '../../fakes/tcp-balancer.ts';
import type { ApiAnswer, KubeObject } from '../harness/api.ts';
import type { Cluster } from '../harness/cluster.ts';
import { crdNameOf, isServed } from '../harness/constraint-crd.ts';
import { forbids } from '../harness/constraint-objects.ts';
import { eventually } from '../harness/eventually.ts';
import { freePorts } from '../harness/free-port.ts';
import {
  clearGate,
  dataFolder,
  installGate,
  startGate,
  type Gate,
  type GateOptions,
} from '../harness/gate.ts';
import { imagegate } from '../harness/imagegate.ts';
import { startLoad, unanswered, wrongAnswers, type LoadedCreate } from '../harness/load.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { goodImage, pod } from '../harness/policies.ts';
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
const create = async (cluster: Cluster, namespace: string, index: number): Promise<LoadedCreate> => {
  const good = index % 4 < 2;
  const [resource, make] = Object.entries(objects)[index % 2]!;
  const name = `load-${index}`;
  const sent = Date.now();
  const answer: Pick<ApiAnswer, 'status' | 'message'> = await cluster
    .api('POST', `/api/v1/namespaces/${namespace}/${resource}`, labelled(make(name), good))
    .catch((error: unknown) => ({ status: 0, message: String(error) }));
  return { name, good, sent, answered: Date.now(), status: answer.status, message: answer.message };
};

describe('two replicas that judge by constraints, behind one address', () => {
  const cluster = sharedCluster();
  const replicas: Gate[] = [];
  const addresses: GateOptions[] = [];
  let balancer: TcpBalancer;
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
    const [front, firstPort, secondPort, firstAdmin, secondAdmin] = await freePorts(5);
    const [first, second] = [dataFolder(cluster), dataFolder(cluster)];
    addresses.push(
      { port: firstPort!, adminPort: firstAdmin!, data: first, args: ['--replica', 'one', ...flags] },
      { port: secondPort!, adminPort: secondAdmin!, data: second, args: ['--replica', 'two', ...flags] },
    );
    balancer = await startTcpBalancer(
      addresses.map(({ port, adminPort }) => {
        return { host: '127.0.0.1', port: port!, readyz: `http://127.0.0.1:${adminPort}/readyz` };
      }),
      front,
    );
    await installGate(cluster, `https://127.0.0.1:${front}`, first, [...flags, '--constraint-crds']);
    await cp(first, second, { recursive: true });
    replicas.push(...(await Promise.all(addresses.map((address) => startGate(cluster, address)))));
    namespace = await createNamespace(cluster);
    await cluster.must(['apply', '-f', '-'], { input: JSON.stringify(forbids) });
    await eventually('the CRD', () => isServed(cluster, crdNameOf('ForbiddenLabel')), { within: 20_000 });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await cluster.run(['delete', 'constrainttemplates', '--all']);
    await Promise.all(replicas.filter(({ process }) => process.alive()).map((gate) => gate.stop()));
    await balancer.close();
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
    await sleep(1_500);
    // The API server keeps to few connections: the one that carries the load must be the one that dies.
    const busy = balancer.counts().indexOf(Math.max(...balancer.counts()));
    const killed = Date.now();
    await replicas[busy]!.kill();
    await sleep(3_000);
    const creates = await load.end();
    expect(creates.length).toBeGreaterThan(100);
    expect(wrongAnswers(creates, why)).toEqual([]);
    const lost = unanswered(creates);
    for (const { message } of lost) expect(message).toContain('failed calling webhook');
    expect(lost.filter(({ sent }) => sent > killed + 1_000)).toEqual([]);
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
    const dead = replicas.findIndex(({ process }) => !process.alive());
    replicas[dead] = await startGate(cluster, addresses[dead]);
    await replicas[1 - dead]!.stop();
    await refuses('configmaps', configMap, '[no-worse] the label worse is forbidden');
  });
});
