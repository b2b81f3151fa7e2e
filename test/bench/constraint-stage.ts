/** What the measurements of constraints share: Gatekeeper's library, Pods that it lets through, a gate that asks it. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { objectOf, objectsIn, textOf, type JsonObject } from '../../src/core/text/json/json.ts';
import { readYamlText } from '../../src/core/text/yaml/yaml-text.ts';
import { metadataOf } from '../../src/core/workload/object-metadata.ts';
import { readsInventory, suiteFiles } from '../oracles/gatekeeper/library.ts';
import type { BenchPlan } from './bench-plan.ts';
import { numbers, startGate, type Gate, type GateWish } from './evidence-stage.ts';
import { podReview } from './review-body.ts';

/** Where a review of constraints goes. */
export const validate = '/validate?timeout=10s';

export interface TemplatesAndConstraints {
  readonly templates: readonly JsonObject[];
  readonly constraints: readonly JsonObject[];
}
export const objectsOf = ({ templates, constraints }: TemplatesAndConstraints): readonly JsonObject[] => [
  ...templates,
  ...constraints,
];

const read = (file: string): JsonObject => {
  const documents = readYamlText(readFileSync(file, 'utf8'));
  return objectOf(documents.ok ? documents.value[0]?.value : undefined);
};

/** The checkout of the library; without one it says what is not measured. */
export const libraryFolder = ({ library }: BenchPlan, what: string): string | undefined => {
  if (library === undefined)
    process.stderr.write(
      `${what}: not measured; name a checkout of Gatekeeper's library with --library DIR\n`,
    );
  return library;
};

/** The library as it is published: each template with the first constraint of its suite. */
export const libraryOf = (folder: string): TemplatesAndConstraints => {
  const tests = suiteFiles(folder)
    .map((suite) => {
      const [test = {}] = objectsIn(read(suite)['tests']);
      const at = (name: string): JsonObject => read(join(dirname(suite), textOf(test[name])));
      return { template: at('template'), constraint: at('constraint') };
    })
    .filter(({ template }) => !readsInventory(template));
  return {
    templates: tests.map(({ template }) => template),
    constraints: tests.map(({ constraint }) => constraint),
  };
};

const matchOf = (constraint: JsonObject): JsonObject => objectOf(objectOf(constraint['spec'])['match']);

/** Those that speak of Pods, with their templates. */
export const forPods = ({ templates, constraints }: TemplatesAndConstraints): TemplatesAndConstraints => {
  const found = constraints.filter((one) =>
    objectsIn(matchOf(one)['kinds']).some(({ kinds }) => Array.isArray(kinds) && kinds.includes('Pod')),
  );
  const kinds = new Set(found.map(({ kind }) => textOf(kind).toLowerCase()));
  const isNeeded = (template: JsonObject): boolean => kinds.has(textOf(metadataOf(template)['name']));
  return { templates: templates.filter(isNeeded), constraints: found };
};

const elsewhere = (number: number): JsonObject => {
  if (number % 3 === 0) return { kinds: [{ apiGroups: [''], kinds: ['Service'] }] };
  const kinds = [{ apiGroups: [''], kinds: ['Pod'] }];
  return number % 3 === 1
    ? { kinds, namespaces: [`tenant-${number}-*`, `team-${number}`] }
    : { kinds, labelSelector: { matchLabels: { tenant: `t${number}` } } };
};

/** So many constraints of these templates that do not speak of the Pods: of other kinds, other namespaces, other labels. */
export const silentConstraints = (
  { constraints }: TemplatesAndConstraints,
  count: number,
): readonly JsonObject[] =>
  numbers(count).map((number) => {
    const one = constraints[number % constraints.length] ?? {};
    return {
      ...one,
      metadata: { name: `silent-${number}` },
      spec: { ...objectOf(one['spec']), match: elsewhere(number) },
    };
  });

/** Document 004 to the letter. */
export const document004 = (): TemplatesAndConstraints => {
  const at = (file: string): JsonObject =>
    read(new URL(`../../examples/gatekeeper/document-004/${file}`, import.meta.url).pathname);
  return { templates: [at('template.yaml')], constraints: [at('constraint.yaml')] };
};

/** A policy that every image satisfies, for a gate that must have one. */
const everyImage = {
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'ImagePolicy',
  metadata: { name: 'everybody' },
  spec: { checks: [{ registries: { allow: ['docker.io/**'] } }] },
};

/** A gate with these objects, and one policy. */
export const startConstraintGate = (
  plan: BenchPlan,
  objects: readonly JsonObject[],
  more: Pick<GateWish, 'node' | 'checkout'> = {},
): Promise<Gate> => startGate(plan, { policies: [everyImage, ...objects], registries: [], ...more });

const serviceAccountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const digest = (index: number): string => `sha256:${(index % 997).toString(16).padStart(64, '0')}`;

/**
 * A Pod of about 6.5 KB in the namespace `default` that the library as it is published lets through, of images below one
 * name: limits and probes are there, tags and digests too, and no token of a service account. Pods of one Deployment differ
 * in name, uid and times alone.
 */
const obedientPod = (index: number, owner: string, deployments = Infinity): string => {
  const of = index % deployments;
  const images = ['api', 'worker', 'proxy', 'metrics'].map(
    (name) => `${owner}/${name}-${of % 80}:1.${of % 997}.0@${digest(of)}`,
  );
  const review = objectOf(JSON.parse(podReview(index, { namespace: 'default', images })));
  const request = objectOf(review['request']);
  const object = objectOf(request['object']);
  const spec = objectOf(object['spec']);
  const containers = objectsIn(spec['containers']).map((container) => ({
    ...container,
    resources: {
      limits: { cpu: '200m', memory: '256Mi', 'ephemeral-storage': '100Mi' },
      requests: { cpu: '100m', memory: '128Mi', 'ephemeral-storage': '50Mi' },
    },
    readinessProbe: container['livenessProbe'],
    volumeMounts: objectsIn(container['volumeMounts']).filter(
      ({ mountPath }) => mountPath !== serviceAccountPath,
    ),
  }));
  const volumes = objectsIn(spec['volumes']).filter(({ projected }) => projected === undefined);
  const changed = { ...spec, containers, volumes, automountServiceAccountToken: false };
  return JSON.stringify({ ...review, request: { ...request, object: { ...object, spec: changed } } });
};

/**
 * Reviews of Pods that every constraint lets through, as a file for the load.
 *
 * @param deployments whose Pods come by turns; absent: no two Pods have an image in common
 */
export const writeObedientPods = async (
  { work }: BenchPlan,
  owner: string,
  deployments?: number,
): Promise<{ readonly file: string; readonly bytes: number }> => {
  const file = join(work, `pods-${owner}-${deployments ?? 'all'}.jsonl`);
  const bodies = numbers(2000).map((index) => obedientPod(index, owner, deployments));
  await writeFile(file, bodies.join('\n'));
  return { file, bytes: Buffer.byteLength(bodies[0] ?? '') };
};
