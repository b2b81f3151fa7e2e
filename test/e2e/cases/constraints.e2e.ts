import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { clearGate, dataFolder, installGate, startGate, type Gate } from '../harness/gate.ts';
import { imagegate, recordedDecisions } from '../harness/imagegate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pod } from '../harness/policies.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const webhook = 'validation.gatekeeper.sh';
const example = join(import.meta.dirname, '../../../examples/gatekeeper/document-004');
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const templates = '/apis/templates.gatekeeper.sh/v1/constrainttemplates';
const ownKinds = ['constrainttemplates.templates.gatekeeper.sh', 'configs.config.gatekeeper.sh'];
const crdName = (kind: string): string => `${kind.toLowerCase()}.constraints.gatekeeper.sh`;
const constraintsOf = (kind: string): string =>
  `/apis/constraints.gatekeeper.sh/v1beta1/${kind.toLowerCase()}`;

describe('constraints of Gatekeeper, on the API server', () => {
  const cluster = sharedCluster();
  let gate: Gate;
  let namespace: string;

  const run = (...args: string[]) => cluster.run(['-n', namespace, ...args]);
  const apply = (object: KubeObject) => cluster.must(['apply', '-f', '-'], { input: JSON.stringify(object) });
  const create = (name: string, image: string, metadata: object = {}) => {
    const made = pod(name, image);
    return cluster.api('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
      ...made,
      metadata: { ...made.metadata, ...metadata },
    });
  };
  const byPod = async (path: string): Promise<Record<string, unknown> | undefined> => {
    const { body } = await cluster.api('GET', path);
    return (body['status'] as { byPod?: Record<string, unknown>[] } | undefined)?.byPod?.[0];
  };
  const established = (...names: readonly string[]) =>
    cluster.must([
      'wait',
      '--for=condition=Established',
      '--timeout=30s',
      ...names.map((name) => `crd/${name}`),
    ]);
  const crdOf = (kind: string) => cluster.api('GET', `${crds}/${crdName(kind)}`);
  /** The CRD that the gate makes of a template. */
  const served = async (kind: string): Promise<void> => {
    await eventually('the CRD', async () => (await crdOf(kind)).status === 200, { within: 15_000 });
    await established(crdName(kind));
  };
  const answered = (what: string, status: number, ...made: Parameters<typeof create>) =>
    eventually(what, async () => (await create(...made)).status === status, { within: 15_000 });

  beforeAll(async () => {
    await clearGate(cluster);
    const port = await freePort();
    const data = dataFolder(cluster);
    const own = await imagegate(['manifests', '--gatekeeper-crds']);
    if (own.code !== 0) throw new Error(own.stderr);
    await cluster.must(['apply', '-f', '-'], { input: own.stdout });
    await established(...ownKinds);
    const flags = ['--constraints', 'enforce', '--webhook-name', webhook];
    await installGate(cluster, `https://127.0.0.1:${port}`, data, [...flags, '--constraint-crds']);
    gate = await startGate(cluster, { port, data, args: flags });
    namespace = await createNamespace(cluster);
  });
  afterAll(async () => {
    await clearGate(cluster);
    await cluster.run(['delete', 'constrainttemplates', '--all']);
    await gate?.stop();
    // Another file starts without the kinds of Gatekeeper.
    await cluster.run(['delete', 'crd', '-l', 'gatekeeper.sh/constraint=yes']);
    await cluster.run(['delete', 'crd', ...ownKinds]);
  });

  it('runs document 004 to the letter', async () => {
    await cluster.must(['apply', '-f', join(example, 'template.yaml')]);
    await served('K8sAllowedImages');
    await cluster.must(['apply', '-f', join(example, 'constraint.yaml')]);
    await answered('the constraint to be in force', 403, 'probe', 'untrusted-registry/nginx');

    const refused = await run('run', 'nginx', '--image=untrusted-registry/nginx', '--port=80');
    const line = "[allow-only-approved-images] Image 'untrusted-registry/nginx' not from allowed registry";
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error from server (Forbidden): admission webhook "${webhook}" denied the request: ${line}\n`,
    });
    expect(await run('run', 'ok', '--image=allowed-registry/nginx')).toMatchObject({
      code: 0,
      stdout: 'pod/ok created\n',
    });

    const decision = await eventually(
      'the decision in the record',
      async () =>
        (await recordedDecisions(gate.data)).find(
          ({ object, dryRun }) => object.name === 'nginx' && dryRun !== true,
        ),
      { within: 10_000 },
    );
    expect(decision).toMatchObject({ allowed: false });
    const [finding] = decision.findings.filter(({ mode }) => mode === 'Deny');
    expect(finding).toMatchObject({
      policy: 'K8sAllowedImages/allow-only-approved-images',
      code: 'constraint-violated',
    });
    const explained = await imagegate(['explain', decision.id, '--data', gate.data]);
    expect(explained.stdout).toContain("Image 'untrusted-registry/nginx' not from allowed registry");
    expect(explained.stdout).toContain('K8sAllowedImages/allow-only-approved-images');
  });

  it('says in the statuses what is in force, in the shape of Gatekeeper, and writes once', async () => {
    const path = `${templates}/k8sallowedimages`;
    const entry = await eventually('the status of the template', () => byPod(path), { within: 10_000 });
    const { body } = await cluster.api('GET', path);
    const { uid, generation, resourceVersion } = body.metadata as unknown as Record<string, unknown>;
    expect(entry).toEqual({
      id: 'imagegate',
      templateUID: uid,
      observedGeneration: generation,
      operations: ['generate', 'status', 'webhook'],
    });
    expect((body['status'] as { created: boolean }).created).toBe(true);
    const constraint = `${constraintsOf('K8sAllowedImages')}/allow-only-approved-images`;
    expect(
      await eventually('the status of the constraint', () => byPod(constraint), { within: 10_000 }),
    ).toMatchObject({ id: 'imagegate', enforced: true });
    await cluster.must([
      'annotate',
      '--overwrite',
      'constraint',
      'allow-only-approved-images',
      'touched=yes',
    ]);
    await eventually(
      'the touched constraint to be judged again',
      async () => (await create('probe', 'b')).status === 403,
      { within: 5_000 },
    );
    expect((await cluster.api('GET', path)).body.metadata).toMatchObject({ resourceVersion });
  });

  it('has a CRD that the template owns', async () => {
    const { body } = await crdOf('K8sAllowedImages');
    expect(body.metadata).toMatchObject({
      labels: { 'gatekeeper.sh/constraint': 'yes' },
      ownerReferences: [{ kind: 'ConstraintTemplate', name: 'k8sallowedimages', controller: true }],
    });
  });

  const rego = (text: string, kind: string): KubeObject => ({
    apiVersion: 'templates.gatekeeper.sh/v1',
    kind: 'ConstraintTemplate',
    metadata: { name: kind.toLowerCase() },
    spec: {
      crd: { spec: { names: { kind } } },
      targets: [{ target: 'admission.k8s.gatekeeper.sh', rego: `package x\n${text}` }],
    },
  });
  const constraint = (kind: string, name: string, spec: object): KubeObject => ({
    apiVersion: 'constraints.gatekeeper.sh/v1beta1',
    kind,
    metadata: { name },
    spec: { match: { kinds: [{ apiGroups: [''], kinds: ['Pod'] }], namespaces: [namespace] }, ...spec },
  });
  const deleteConstraint = (kind: string, name: string) =>
    cluster.api('DELETE', `${constraintsOf(kind)}/${name}`);
  const labelled = 'violation[{"msg": msg}] { input.review.object.metadata.labels.bad; msg := "is bad" }';
  const bad = { labels: { bad: 'yes' } };

  it('warns, only records, and heeds the webhook among scoped actions', async () => {
    await apply(rego(labelled, 'NotBad'));
    await served('NotBad');
    const image = 'allowed-registry/nginx';
    const isWarned = async (name: string): Promise<boolean> => {
      const made = pod(name, image);
      const warned = await cluster.run(['-n', namespace, 'apply', '--dry-run=server', '-f', '-'], {
        input: JSON.stringify({ ...made, metadata: { ...made.metadata, ...bad } }),
      });
      expect(warned.code).toBe(0);
      return warned.stderr.includes('Warning: [warns] is bad\n');
    };
    await apply(constraint('NotBad', 'dry', { enforcementAction: 'dryrun' }));
    await apply(constraint('NotBad', 'warns', { enforcementAction: 'warn' }));
    await eventually('the warning', () => isWarned('warned'), { within: 15_000 });
    const point = (name: string) => [{ name }];
    await apply(
      constraint('NotBad', 'scoped', {
        enforcementAction: 'scoped',
        scopedEnforcementActions: [
          { action: 'deny', enforcementPoints: point('validation.gatekeeper.sh') },
          { action: 'warn', enforcementPoints: point('audit.gatekeeper.sh') },
        ],
      }),
    );
    await answered('the refusal', 403, 'scoped', image, bad);
    const { message } = await create('scoped', image, bad);
    expect(message).toBe(`admission webhook "${webhook}" denied the request: [scoped] is bad`);
    const recorded = await eventually(
      'the record of all three',
      async () =>
        (await recordedDecisions(gate.data)).find(
          ({ object, findings }) =>
            object.name === 'scoped' && findings.some(({ policy }) => policy === 'NotBad/scoped'),
        ),
      { within: 10_000 },
    );
    expect(
      recorded.findings
        .filter(({ policy }) => policy.startsWith('NotBad/'))
        .map(({ policy, mode }) => [policy, mode]),
    ).toEqual([
      ['NotBad/dry', 'Audit'],
      ['NotBad/scoped', 'Deny'],
      ['NotBad/warns', 'Warn'],
    ]);
  });

  it('R9: refuses a broken template and a broken constraint on their way in', async () => {
    const broken = await cluster.run(['apply', '-f', '-'], {
      input: JSON.stringify(rego('violation[{"msg": msg}] { msg := nothing }', 'NotBad')),
    });
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain('admission webhook "policies.imagegate.dev" denied the request');
    expect(broken.stderr).toContain('template-invalid');
    const odd = await cluster.run(['apply', '-f', '-'], {
      input: JSON.stringify(constraint('NotBad', 'odd', { match: { name: 'a*b' } })),
    });
    expect(odd.code).toBe(1);
    expect((await cluster.api('GET', `${constraintsOf('NotBad')}/odd`)).status).toBe(404);
  });

  /** What came while nobody watched over what comes. */
  const unguarded = async (object: KubeObject): Promise<void> => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/imagegate';
    const { body } = await cluster.api('GET', path);
    const webhooks = body['webhooks'] as { name: string }[];
    const others = webhooks.filter(({ name }) => name !== 'policies.imagegate.dev');
    const put = (all: readonly object[]) =>
      cluster.api(
        'PATCH',
        path,
        { webhooks: all },
        {
          headers: { 'content-type': 'application/merge-patch+json' },
        },
      );
    await put(others);
    await eventually(
      'the door to stand open',
      async () => (await cluster.run(['apply', '-f', '-'], { input: JSON.stringify(object) })).code === 0,
      { within: 15_000 },
    );
    await put(webhooks);
  };

  it('R8: keeps the last good revision of a template that breaks, and says so in its status', async () => {
    await unguarded(rego('violation[{"msg": msg}] { msg := nothing }', 'NotBad'));
    const entry = await eventually(
      'the errors in the status',
      async () => {
        const found = await byPod(`${templates}/notbad`);
        return found?.['errors'] === undefined ? undefined : found;
      },
      { within: 15_000 },
    );
    expect(entry).toMatchObject({
      id: 'imagegate',
      errors: expect.arrayContaining([expect.objectContaining({ code: 'ingest_error' })]),
    });
    const { status, message } = await create('still', 'allowed-registry/nginx', bad);
    expect([status, message]).toEqual([
      403,
      `admission webhook "${webhook}" denied the request: [scoped] is bad`,
    ]);
    expect((await create('fine', 'allowed-registry/nginx')).status).toBe(201);
  });

  it('refuses what a constraint matches whose template never compiled, and nothing else', async () => {
    // The CRD stands, as it does where Gatekeeper made it before; only the template is useless.
    await apply(rego('violation[{"msg": "m"}] { true }', 'Never'));
    await served('Never');
    const { body } = await crdOf('Never');
    await cluster.must(['delete', 'constrainttemplate', 'never']);
    await eventually('the CRD to go', async () => (await crdOf('Never')).status === 404, { within: 30_000 });
    const { name, labels } = body.metadata as unknown as { name: string; labels: object };
    await apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name, labels } as never,
      spec: body['spec'],
    });
    await established(crdName('Never'));
    await unguarded(rego('violation[{"msg": msg}] { msg := nothing }', 'Never'));
    const selector = { labelSelector: { matchLabels: { bad: 'never' } } };
    await apply(
      constraint('Never', 'n', { match: { kinds: [{ apiGroups: [''], kinds: ['Pod'] }], ...selector } }),
    );
    const never = { labels: { bad: 'never' } };
    await deleteConstraint('NotBad', 'scoped');
    const refused = await eventually(
      'the refusal',
      async () => {
        const answer = await create('never', 'allowed-registry/nginx', never);
        return answer.status === 403 && answer.message.includes('[n] ') ? answer : undefined;
      },
      { within: 15_000 },
    );
    expect(refused.message).toContain("[n] the template 'never' cannot be used");
    expect((await create('fine', 'allowed-registry/nginx')).status).toBe(201);
  });

  it('keeps the namespaces of the Config away, and only those of the Config in its own namespace', async () => {
    const config = (where: string): KubeObject => ({
      apiVersion: 'config.gatekeeper.sh/v1alpha1',
      kind: 'Config',
      metadata: { name: 'config', namespace: where },
      spec: { match: [{ processes: ['webhook'], excludedNamespaces: [namespace] }] },
    });
    await apply(config(namespace));
    await apply(constraint('K8sAllowedImages', 'marker', { enforcementAction: 'warn' }));
    const warns = async (): Promise<boolean> =>
      (
        await cluster.run([
          '-n',
          namespace,
          'run',
          'marked',
          '--image=allowed-registry/x',
          '--dry-run=server',
        ])
      ).code === 0 && (await create('tenant', 'untrusted-registry/nginx')).status === 403;
    // The constraint came after the Config of the tenant: with it in force, the gate has seen both.
    await eventually(
      'the marker in force',
      async () => {
        const seen = await byPod(`${constraintsOf('K8sAllowedImages')}/marker`);
        return seen !== undefined && (await warns());
      },
      { within: 15_000 },
    );
    await cluster.run(['create', 'namespace', 'gatekeeper-system']);
    await apply(config('gatekeeper-system'));
    await answered('the namespace to be left alone', 201, 'free', 'untrusted-registry/nginx');
    await cluster.api(
      'DELETE',
      '/apis/config.gatekeeper.sh/v1alpha1/namespaces/gatekeeper-system/configs/config',
    );
    await answered('the namespace to be judged again', 403, 'free', 'untrusted-registry/nginx');
  });
});
