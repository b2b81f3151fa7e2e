import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../text/json/json.ts';
import { createWorkloadTable, groupOf } from './kinds.ts';
import { builtInWorkloads } from './built-in-kinds.ts';
import { customWorkloads } from './custom-kinds.ts';
import { parseWorkloadRow } from './workload-row.ts';
import { parseFieldPath } from '../field-path.ts';
import { isKnownWithoutPodSpec, knownKindsWithoutPodSpec } from './known-kinds.ts';

const row = { group: 'example.com', resource: 'robots', kind: 'Robot', podSpec: 'spec.template.spec' };

describe('the shipped table', () => {
  test('holds the nine built-in kinds that embed a pod spec', () => {
    expect(builtInWorkloads.map(({ group, kind }) => `${group}/${kind}`)).toEqual([
      '/Pod',
      '/PodTemplate',
      '/ReplicationController',
      'apps/Deployment',
      'apps/ReplicaSet',
      'apps/StatefulSet',
      'apps/DaemonSet',
      'batch/Job',
      'batch/CronJob',
    ]);
  });
  test.each([
    ['argoproj.io', 'Rollout'],
    ['tekton.dev', 'Task'],
    ['tekton.dev', 'TaskRun'],
    ['tekton.dev', 'Pipeline'],
    ['tekton.dev', 'PipelineRun'],
    ['serving.knative.dev', 'Service'],
    ['kubevirt.io', 'VirtualMachine'],
    ['kubevirt.io', 'VirtualMachineInstance'],
    ['apps.openshift.io', 'DeploymentConfig'],
    ['apps.kruise.io', 'CloneSet'],
  ])('ships %s %s', (group, kind) =>
    expect(customWorkloads.some((own) => own.group === group && own.kind === kind)).toBe(true),
  );
  test.each(
    [...builtInWorkloads, ...customWorkloads].map((own) => [`${own.group}/${own.kind}`, own] as const),
  )('R10: %s has versions for a webhook rule and ways to its images', (_title, own) => {
    expect(own.versions?.length).toBeGreaterThan(0);
    expect(own.versions).not.toContain('*');
    const paths = [own.podSpec ?? [], own.images ?? [], own.imageUrls ?? []].flat();
    expect(paths.length).toBeGreaterThan(0);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) {
      expect(parseFieldPath(path)).toMatchObject({ ok: true });
      expect(path, 'the match condition of R10 compares spec and template').toMatch(/^(?:spec|template)\b/);
    }
  });
  test('has no group, kind or resource twice', () => {
    const all = [...builtInWorkloads, ...customWorkloads];
    expect(new Set(all.map((own) => `${own.group}/${own.kind}`)).size).toBe(all.length);
    expect(new Set(all.map((own) => `${own.group}/${own.resource}`)).size).toBe(all.length);
  });
  test('B17: pods/ephemeralcontainers is in the webhook rules, B19: scale and status are not', () =>
    expect(
      builtInWorkloads.flatMap(({ resource, subresources = [] }) =>
        subresources.map((s) => `${resource}/${s}`),
      ),
    ).toEqual(['pods/ephemeralcontainers']));
});

describe('looking up', () => {
  const parsed = parseWorkloadRow(row);
  const table = createWorkloadTable(parsed.ok ? [parsed.value] : []);
  test.each([
    ['a built-in kind', '', 'Pod', 'pods'],
    ['a shipped kind', 'argoproj.io', 'Rollout', 'rollouts'],
    ["a user's own kind", 'example.com', 'Robot', 'robots'],
  ])('finds %s by kind and by resource', (_title, group, kind, resource) => {
    expect(table.byKind(group, kind)?.resource).toBe(resource);
    expect(table.byResource(group, resource)?.kind).toBe(kind);
  });
  test.each([
    ['the same kind in another group', 'serving.knative.dev', 'Deployment'],
    ['a kind in other letters', '', 'pod'],
    ['a kind whose name is a JavaScript property', '', 'constructor'],
    ['a group and kind that join to a known text', 'apps/', 'Deployment'],
  ])('does not find %s', (_title, group, kind) => expect(table.byKind(group, kind)).toBeUndefined());

  test("R4: a user's row replaces a shipped one, and never a built-in", () => {
    const [pod] = builtInWorkloads;
    const [rollout] = customWorkloads;
    const lax = { ...pod!, podSpec: 'spec.nothing' };
    const renamed = { ...lax, kind: 'Pods2' };
    const other = { ...rollout!, podSpec: 'spec.pod' };
    const made = createWorkloadTable([lax, renamed, other]);
    expect(made.byKind('', 'Pod')).toBe(pod);
    expect(made.byResource('', 'pods')).toBe(pod);
    expect(made.byKind('argoproj.io', 'Rollout')?.podSpec).toBe('spec.pod');
    expect(made.all.filter(({ kind }) => kind === 'Rollout')).toHaveLength(1);
  });
  test("a user's row for a shipped kind keeps what the kind is like, unless it says so itself", () => {
    const workflow = {
      group: 'argoproj.io',
      resource: 'workflows',
      kind: 'Workflow',
      images: ['spec.image'],
    };
    const placeholderOf = (given: JsonObject) => {
      const read = parseWorkloadRow(given);
      if (!read.ok) throw new Error(read.error);
      return createWorkloadTable([read.value]).byKind('argoproj.io', 'Workflow')?.placeholder;
    };
    expect(placeholderOf(workflow)).toBe('{{…}}');
    expect(placeholderOf({ ...workflow, placeholder: '<…>' })).toBe('<…>');
  });
  test.each([
    ['v1', ''],
    ['apps/v1', 'apps'],
    ['', ''],
  ])('the group of apiVersion %j is %j', (apiVersion, group) => expect(groupOf(apiVersion)).toBe(group));
});

describe('R4: rows from --config', () => {
  const images = { group: 'example.com', resource: 'robots', kind: 'Robot', images: ['spec.arms[].image'] };
  test.each([
    ['a pod spec', row],
    ['image paths', images],
    ['versions', { ...row, versions: ['v1', 'v1alpha1'] }],
    ['the core group', { ...row, group: '' }],
    ['a list of texts', { ...images, images: ['spec.images[]'] }],
    ['a top-level template', { ...row, podSpec: 'template.spec' }],
    ['a scope', { ...row, scope: 'Cluster' }],
    ['pod specs in a list', { ...row, podSpec: 'spec.workerGroupSpecs[].template.spec' }],
    ['pod specs under the keys of a map', { ...row, podSpec: 'spec.replicaSpecs.*.template.spec' }],
    ['lists under the keys of a map', { ...images, images: ['spec.tools.*[].image'] }],
    ['several pod specs', { ...row, podSpec: ['spec.head', 'spec.workers[].template'] }],
    ['pod specs and images', { ...row, images: ['spec.image'] }],
    ['no image at all', { ...images, images: [] }],
    ['a placeholder', { ...images, placeholder: '{{…}}' }],
    ['a placeholder with three dots', { ...images, placeholder: '${...}' }],
  ])('accepts a row with %s', (_title, given) => {
    const parsed = parseWorkloadRow(given);
    expect(parsed).toMatchObject({
      ok: true,
      value: { ...given, podSpecOptional: true, imageRequired: false },
    });
  });
  test.each([
    ['text', 'Robot', 'must be an object'],
    ['a misspelt field', { ...row, podspec: 'spec' }, 'unknown field "podspec"'],
    ['neither way', { group: '', resource: 'robots', kind: 'Robot' }, 'give podSpec, images or both'],
    ['a pod spec and no images', { ...row, images: [] }, 'leave one of them out'],
    ['images that are text', { ...images, images: 'spec.image' }, 'must be a list of paths'],
    ['a pod spec that is a number', { ...row, podSpec: 5 }, 'must be a path'],
    ['no pod spec in the list', { ...row, podSpec: [] }, 'must be a path or a list of paths'],
    ['one pod spec twice', { ...row, podSpec: ['spec.a', 'spec.a'] }, 'podSpec[1] is there already'],
    ['a map step at the root', { ...row, podSpec: '*.spec' }, 'must begin with spec or template'],
    ['a list at the root', { ...row, podSpec: 'spec[].pod' }, 'must begin with spec or template'],
    ['a glob in a field name', { ...row, podSpec: 'spec.replica*.template' }, 'every key of a map'],
    ['a double star', { ...row, podSpec: 'spec.**.template' }, 'no field name'],
    ['too many map steps', { ...row, podSpec: 'spec.*.*.*.*.*.pod' }, 'more than 4 steps *'],
    ['an unknown scope', { ...row, scope: 'Global' }, 'Namespaced or Cluster'],
    ['a placeholder without end', { ...images, placeholder: '{{' }, 'what stands around a variable'],
    ['a placeholder of two parts', { ...images, placeholder: '{{…}}…' }, '1 to 8 characters'],
    ['a placeholder that any image holds', { ...images, placeholder: 'e…{{' }, 'which no image name has'],
    [
      'a placeholder whose end any image holds',
      { ...images, placeholder: '{{…/' },
      'which no image name has',
    ],
    ['a placeholder that is a list', { ...images, placeholder: ['{{'] }, 'what stands around a variable'],
    ['no group', { ...row, group: undefined }, 'group'],
    ['a wildcard group', { ...row, group: '*' }, 'group'],
    ['a resource with a subresource', { ...row, resource: 'robots/scale' }, 'resource'],
    ['a wildcard resource', { ...row, resource: '*' }, 'resource'],
    ['a kind in lower case', { ...row, kind: 'robot' }, 'kind'],
    ['a built-in kind', { ...row, group: 'apps', kind: 'Deployment' }, 'built-in'],
    ['a built-in resource', { ...row, group: '', resource: 'pods' }, 'built-in'],
    ['versions that are no list', { ...row, versions: 'v1' }, 'versions'],
    ['a wildcard version', { ...row, versions: ['*'] }, 'versions'],
    ['an empty step', { ...row, podSpec: 'spec..template' }, 'no field name'],
    ['a path that every object has', { ...row, podSpec: 'spec.constructor' }, 'no field name'],
    ['a prototype', { ...row, podSpec: 'spec.__proto__.spec' }, 'no field name'],
    ['an index', { ...images, images: ['spec.arms[0].image'] }, 'no field name'],
    [
      'too many paths',
      { ...images, images: Array.from({ length: 33 }, (_, i) => `spec.a${i}`) },
      'more than 32',
    ],
    [
      'the same path twice',
      { ...images, images: ['spec.image', 'spec.image'] },
      'images[1] is there already',
    ],
    ['a path that is a number', { ...images, images: [1] }, 'must be a path'],
    ['a very long path', { ...row, podSpec: `spec.${'a'.repeat(600)}` }, 'longer'],
    ['a very deep path', { ...row, podSpec: `spec${'.a'.repeat(20)}` }, 'steps'],
    [
      'a path that R10 does not watch',
      { ...row, podSpec: 'data.template' },
      'must begin with spec or template',
    ],
  ])('refuses a row with %s', (_title, given, why) => {
    const parsed = parseWorkloadRow(given);
    expect(parsed.ok ? 'accepted' : parsed.error).toContain(why);
  });
});

describe('R4: a row with `images: []`', () => {
  const none = parseWorkloadRow({ group: 'example.com', resource: 'robots', kind: 'Robot', images: [] });
  const shipped = parseWorkloadRow({
    group: 'argoproj.io',
    resource: 'rollouts',
    kind: 'Rollout',
    images: [],
  });
  const table = createWorkloadTable([none, shipped].flatMap((parsed) => (parsed.ok ? [parsed.value] : [])));

  test.each([
    ['example.com', 'Robot', true],
    ['argoproj.io', 'Rollout', true],
    ['', 'ConfigMap', true],
    ['example.com', 'Fleet', false],
    ['other.com', 'Robot', false],
    ['', 'Pod', false],
  ])('%s %s is known to have none: %j', (group, kind, want) =>
    expect(table.isWithoutImages(group, kind)).toBe(want),
  );
  test('leaves the kind out of what is read and of the rules of webhooks', () => {
    expect(table.byKind('example.com', 'Robot')).toBeUndefined();
    expect(table.byResource('argoproj.io', 'rollouts')).toBeUndefined();
    expect(table.all.filter(({ kind }) => kind === 'Robot' || kind === 'Rollout')).toEqual([]);
  });
});

describe('R4: kinds known to carry no pod spec', () => {
  test.each([
    ['', 'ConfigMap'],
    ['', 'Binding'],
    ['apps', 'ControllerRevision'],
    ['autoscaling', 'Scale'],
    ['policy', 'Eviction'],
    ['authentication.k8s.io', 'TokenRequest'],
    ['resource.k8s.io', 'ResourceClaimTemplate'],
    ['scheduling.k8s.io', 'Workload'],
    ['imagegate.dev', 'ImagePolicy'],
    ['imagegate.dev', 'TrustRoot'],
  ])('%s %s passes silently', (group, kind) => expect(isKnownWithoutPodSpec(group, kind)).toBe(true));
  test.each([
    ['', 'Pod'],
    ['apps', 'Deployment'],
    ['extensions', 'Deployment'],
    ['example.com', 'ConfigMap'],
    ['', 'configmap'],
    ['', ''],
    ['argoproj.io', 'Rollout'],
    ['argoproj.io', 'Workflow'],
  ])('%s %s does not', (group, kind) => expect(isKnownWithoutPodSpec(group, kind)).toBe(false));
  test('none of them is in the workload table, nor a workload of an old API group', () => {
    const { all } = createWorkloadTable([]);
    const workloadNames = new Set(builtInWorkloads.map(({ kind }) => kind));
    expect(all.filter(({ group, kind }) => isKnownWithoutPodSpec(group, kind))).toEqual([]);
    expect(knownKindsWithoutPodSpec.filter((known) => workloadNames.has(known.split('/')[1]!))).toEqual([]);
    expect(knownKindsWithoutPodSpec.length).toBeGreaterThan(80);
  });
});
