import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { badImage, fence, goodImage } from '../harness/policies.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** A CRD of ours that keeps whatever stands under `spec`: the rows that ship are what is tried, not its schema. */
const definition = (group: string, version: string, plural: string, kind: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
});

const trainingJob = definition('kubeflow.org', 'v1', 'pytorchjobs', 'PyTorchJob');
const argoWorkflow = definition('argoproj.io', 'v1alpha1', 'workflows', 'Workflow');

const role = (image: string) => ({
  replicas: 1,
  template: { spec: { containers: [{ name: 'pytorch', image }] } },
});
const training = (name: string, roles: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'kubeflow.org/v1',
  kind: 'PyTorchJob',
  metadata: { name },
  spec: {
    pytorchReplicaSpecs: Object.fromEntries(Object.entries(roles).map(([key, image]) => [key, role(image)])),
  },
});
const workflow = (name: string, ...templates: readonly object[]): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Workflow',
  metadata: { name },
  spec: { entrypoint: 'main', templates },
});

describe('kinds of operators, whose pod specs stand under keys and in lists', () => {
  const { cluster } = stageGate();
  let trainings: string;
  let workflows: string;
  const post = async (path: string, object: KubeObject) => {
    const { status, message, warnings } = await cluster.api('POST', path, object);
    return { status, message, warnings };
  };

  beforeAll(async () => {
    for (const crd of [trainingJob, argoWorkflow]) {
      const { status, message } = await cluster.api('POST', crds, crd);
      if (status !== 201) throw new Error(`${crd.metadata?.name ?? ''}: ${status} ${message}`);
    }
    const namespace = await createNamespace(cluster);
    await fence(cluster, namespace);
    trainings = `/apis/kubeflow.org/v1/namespaces/${namespace}/pytorchjobs`;
    workflows = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/workflows`;
    for (const path of [trainings, workflows]) {
      await eventually(`${path} to be served`, async () => (await cluster.api('GET', path)).status === 200, {
        within: 20_000,
        every: 100,
      });
    }
  });
  afterAll(async () => {
    for (const crd of [trainingJob, argoWorkflow])
      await cluster.api('DELETE', `${crds}/${crd.metadata?.name ?? ''}`);
  });

  it('a bad image under one key of a map is refused, and the refusal names it', async () => {
    const { status, message } = await post(
      trainings,
      training('bad', { Master: goodImage, Worker: badImage }),
    );
    expect([status, message]).toEqual([403, expect.stringContaining(badImage)]);
  });
  it('good images under all keys pass', async () => {
    expect(await post(trainings, training('good', { Master: goodImage, Worker: goodImage }))).toMatchObject({
      status: 201,
      message: '',
    });
  });
  it('an update that brings a bad image under another key is refused, one that changes none passes (R2)', async () => {
    expect((await post(trainings, training('later', { Master: goodImage }))).status).toBe(201);
    const patch = (spec: object) => cluster.api('PATCH', `${trainings}/later`, { spec });
    expect((await patch({ pytorchReplicaSpecs: { Worker: role(badImage) } })).status).toBe(403);
    expect((await patch({ runPolicy: { suspend: true } })).status).toBe(200);
  });

  it.each([
    ['a container', { name: 'main', container: { image: badImage } }],
    ['a script', { name: 'main', script: { image: badImage, source: 'echo' } }],
    [
      'an init container',
      { name: 'main', initContainers: [{ name: 'i', image: badImage }], container: { image: goodImage } },
    ],
    ['a container set', { name: 'main', containerSet: { containers: [{ name: 'c', image: badImage }] } }],
    [
      'an inline step',
      { name: 'main', steps: [[{ name: 's', inline: { container: { image: badImage } } }]] },
    ],
  ])('a workflow with a bad image in %s is refused', async (_title, template) => {
    const { status, message } = await post(workflows, workflow('bad', template));
    expect([status, message]).toEqual([403, expect.stringContaining(badImage)]);
  });
  it('a workflow with good images passes, and a variable brings a warning until its Pod comes', async () => {
    const object = workflow(
      'good',
      { name: 'main', container: { image: goodImage } },
      { name: 'later', container: { image: '{{inputs.parameters.image}}' } },
    );
    const answer = await post(workflows, object);
    expect(answer).toMatchObject({ status: 201, message: '' });
    expect(answer.warnings).toContain('judged when its Pod is created');
  });
});
