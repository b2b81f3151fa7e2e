import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, imagegate, root } from './imagegate.ts';
import { trusting } from './policies.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { startApiServer } from '../fakes/api-server/api-server.ts';
import { createReviewOf } from './admission-review.ts';
import { startGate } from './running-gate.ts';

const example = join(root, 'examples', 'gatekeeper', 'document-004');
const template = readFileSync(join(example, 'template.yaml'), 'utf8');
const constraint = readFileSync(join(example, 'constraint.yaml'), 'utf8');
const named = (kind: string, rego: string): string =>
  template
    .replaceAll('K8sAllowedImages', kind)
    .replace('k8sallowedimages', kind.toLowerCase())
    .replace(/ {8}package[^]*/, `        package a\n        ${rego}\n`);
const always = named('Always', 'violation[{"msg": msg}] { msg := input.review.operation }');
const onNamespace = named(
  'OnNamespace',
  'violation[{"msg": msg}] { msg := input.review.namespaceObject.metadata.labels.team }',
);
const asking = (kind: string, name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'constraints.gatekeeper.sh/v1beta1',
    kind,
    metadata: { name },
    spec,
  });
const services = { match: { kinds: [{ apiGroups: [''], kinds: ['Service'] }] } };
const object = (kind: string, name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...more,
});
const pod = (image: string): string =>
  JSON.stringify(object('Pod', 'web', { spec: { containers: [{ name: 'web', image }] } }));
const config = (namespace: string): string =>
  JSON.stringify({
    apiVersion: 'config.gatekeeper.sh/v1alpha1',
    kind: 'Config',
    metadata: { name: 'config', namespace },
    spec: { match: [{ processes: ['webhook'], excludedNamespaces: ['kube-*'] }] },
  });
const message = "Image 'untrusted-registry/nginx' not from allowed registry";

interface Finding {
  readonly policy: string;
  readonly check: string;
  readonly code: string;
  readonly mode: string;
  readonly message: string;
}
interface Item {
  readonly object: { readonly kind: string };
  readonly allowed: boolean;
  readonly findings: readonly Finding[];
}
/** What comes of a manifest by the policies of a folder with these files. */
const check = async (policies: Readonly<Record<string, string>>, manifest: string, ...args: string[]) => {
  const folder = folderWith(
    Object.fromEntries(Object.entries(policies).map(([name, text]) => [`p/${name}`, text])),
  );
  const ended = await imagegate(['check', 'manifest', '-f', '-', '--policies', 'p', '-o', 'json', ...args], {
    cwd: folder,
    input: manifest,
  });
  const items =
    ended.code === 2 ? [] : (JSON.parse(ended.stdout) as { readonly items: readonly Item[] }).items;
  const ofConstraints = items.flatMap(({ findings }) =>
    findings.filter(({ check: by }) => by === 'constraint'),
  );
  return { ...ended, items, ofConstraints };
};
const guide = { 'template.yaml': template, 'constraint.yaml': constraint };

test('the template and the constraint of the published guide refuse what the guide refuses', async () => {
  const [bad, good] = await Promise.all([
    check(guide, pod('untrusted-registry/nginx')),
    check(guide, pod('allowed-registry/nginx')),
  ]);
  expect(bad.code).toBe(1);
  expect(bad.items).toMatchObject([{ allowed: false }]);
  expect(bad.ofConstraints).toMatchObject([
    {
      policy: 'K8sAllowedImages/allow-only-approved-images',
      code: 'constraint-violated',
      mode: 'Deny',
      message,
    },
  ]);
  expect(good).toMatchObject({ code: 0, items: [{ allowed: true }], ofConstraints: [] });
});

test('policies and constraints of one folder judge together', async () => {
  const { code, items } = await check({ ...guide, 'p.json': trusting() }, pod('untrusted-registry/nginx'));
  expect(code).toBe(1);
  expect(items[0]?.findings.map((finding) => finding.code).toSorted()).toEqual([
    'constraint-violated',
    'registry-not-allowed',
  ]);
});

test('objects without images are judged when a constraint speaks of them, as created', async () => {
  const policies = { 't.yaml': always, 'c.json': asking('Always', 'a', services) };
  const { code, items } = await check(
    policies,
    [object('Service', 'web'), object('ConfigMap', 'web')].map((one) => JSON.stringify(one)).join('\n---\n'),
  );
  expect(code).toBe(1);
  expect(items).toMatchObject([{ object: { kind: 'Service' }, findings: [{ message: 'CREATE' }] }]);
});

test('a person reads what was judged, who says it, and how long it took', async () => {
  const folder = folderWith({
    'p/t.yaml': always,
    'p/c.json': asking('Always', 'a', services),
    'service.json': JSON.stringify(object('Service', 'web')),
    'other.json': JSON.stringify(object('ConfigMap', 'web')),
  });
  const run = (file: string, ...args: string[]) =>
    imagegate(['check', 'manifest', '-f', file, '--policies', 'p', ...args], { cwd: folder });
  const [bad, none, junit, sarif, json] = await Promise.all([
    run('service.json'),
    run('other.json'),
    run('service.json', '-o', 'junit'),
    run('service.json', '-o', 'sarif'),
    run('service.json', '-o', 'json'),
  ]);
  expect(bad).toMatchObject({ code: 1, stderr: '1 object judged: 1 denied, 0 allowed\n' });
  expect(none).toMatchObject({
    code: 0,
    stderr: 'no workload in the input, and no object that a constraint speaks of\n',
  });
  expect(junit.stdout).toContain('<failure type="constraint-violated" message="[a] CREATE">');
  expect(sarif.stdout).toContain('"text": "[a] CREATE"');
  const [{ durations }] = (
    JSON.parse(json.stdout) as { items: [{ durations: { total: number; constraints: number } }] }
  ).items;
  expect(durations.total).toBeGreaterThanOrEqual(durations.constraints);
});

test('R20: a constraint that warns because nobody knows the namespace makes the check incomplete', async () => {
  const warns = (match: object): string => asking('Always', 'a', { enforcementAction: 'warn', match });
  const selecting = { namespaceSelector: { matchLabels: { team: 'blue' } } };
  const labels = JSON.stringify({ default: { team: 'blue' } });
  const [unknown, known, unasked] = await Promise.all([
    check({ 't.yaml': always, 'c.json': warns(selecting) }, pod('a')),
    check(
      { 't.yaml': always, 'c.json': warns(selecting), '../labels.json': labels },
      pod('a'),
      '--namespace-labels',
      'labels.json',
    ),
    check({ 't.yaml': always, 'c.json': warns({}) }, pod('a')),
  ]);
  expect([unknown.code, known.code, unasked.code]).toEqual([3, 0, 0]);
  expect(unknown.ofConstraints).toMatchObject([{ code: 'constraint-error', mode: 'Warn' }]);
  expect(unknown.stderr).toContain('namespace default: policies ask for its labels');
  expect(known.ofConstraints).toMatchObject([{ code: 'constraint-violated' }]);
});

test.each([
  ['warn', 0, 'Warn'],
  ['dryrun', 0, 'Audit'],
  ['deny', 1, 'Deny'],
])('the action %s gives exit code %i', async (enforcementAction, code, mode) => {
  const policies = { 't.yaml': always, 'c.json': asking('Always', 'a', { enforcementAction }) };
  const ended = await check(policies, pod('a'));
  expect(ended.code).toBe(code);
  expect(ended.ofConstraints).toMatchObject([{ mode }]);
});

test('a Config keeps namespaces away', async () => {
  const policies = { ...guide, 'config.json': config('gatekeeper-system') };
  const [away, here] = await Promise.all([
    check(policies, pod('bad/nginx'), '-n', 'kube-system'),
    check(policies, pod('bad/nginx'), '-n', 'shop'),
  ]);
  expect([away.code, here.code]).toEqual([0, 1]);
});

test('templates see the Namespace of the input; R3: one that nobody knows is said to be unknown', async () => {
  const policies = { 't.yaml': onNamespace, 'c.json': asking('OnNamespace', 'a', services) };
  const service = JSON.stringify(object('Service', 'web'));
  const namespace = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default', labels: { team: 'blue' } },
  });
  const [known, unknown] = await Promise.all([
    check(policies, `${namespace}\n---\n${service}`),
    check(policies, service),
  ]);
  expect(known.items[0]?.findings).toMatchObject([{ code: 'constraint-violated', message: 'blue' }]);
  expect(unknown.items[0]?.findings).toMatchObject([{ code: 'namespace-unavailable', mode: 'Deny' }]);
});

describe('serve takes the same folder', () => {
  test.each([
    ['enforced', [], false],
    ['recorded only with --constraints shadow', ['--constraints', 'shadow'], true],
  ])('%s', async (_title, flags, allowed) => {
    const gate = await startGate(example, flags);
    const asked = JSON.parse(pod('untrusted-registry/nginx')) as JsonObject;
    const { response } = await gate.post(createReviewOf(asked, 'a'));
    await gate.stop();
    const said = `[allow-only-approved-images] ${message}`;
    expect([response.allowed, response.status?.message]).toEqual([allowed, allowed ? undefined : said]);
  });
});

describe('broken files are exit code 2, with every mistake and its place (R8)', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      'a constraint without its template',
      { 'constraint.yaml': constraint },
      'p/constraint.yaml:2:1: no template of this set makes constraints of the kind "K8sAllowedImages"',
    ],
    [
      'a misspelt action',
      { ...guide, 'constraint.yaml': constraint.replace('spec:', 'spec:\n  enforcementAction: denny') },
      'p/constraint.yaml:6:3: "denny" is no action; expected deny, warn or dryrun',
    ],
    [
      'a template that does not compile',
      { ...guide, 'template.yaml': template.replace('[bash]', '[bash') },
      'p/template.yaml:12:7: line 4, column 3 of the text: rego_parse_error',
    ],
    [
      'a template that asks for what is not kept',
      { 't.yaml': named('Asks', 'violation[{"msg": ""}] { data.inventory.cluster }') },
      'reads data.inventory, which is not kept here',
    ],
    [
      'two constraints of one name',
      { ...guide, 'again.yaml': constraint },
      'constraint "K8sAllowedImages/allow-only-approved-images" is already defined in p/again.yaml:1',
    ],
    [
      'an object of Gatekeeper that is not for the gate',
      { ...guide, 'a.json': JSON.stringify({ apiVersion: 'mutations.gatekeeper.sh/v1', kind: 'Assign' }) },
      '"Assign" is no policy of this gate; keep only ImagePolicy and TrustRoot objects and templates, constraints and the Config of Gatekeeper in policy files',
    ],
    [
      'a Config that Gatekeeper would not read',
      { ...guide, 'config.json': config('shop') },
      'a Config counts in the namespace gatekeeper-system alone',
    ],
  ])('%s', async (_title, policies, sentence) => {
    const { code, stderr } = await check(policies, pod('a'));
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});

test('serve with a kubeconfig shows templates the whole Namespace', async () => {
  const api = await startApiServer();
  api.put('namespaces', { metadata: { name: 'shop', annotations: { owner: 'jane' } } });
  const server = { server: api.url, 'insecure-skip-tls-verify': true };
  const folder = folderWith({
    'policies/template.yaml': named(
      'OnOwner',
      'violation[{"msg": msg}] { msg := input.review.namespaceObject.metadata.annotations.owner }',
    ),
    'policies/constraint.yaml': asking('OnOwner', 'a', {}),
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'a', cluster: server }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      users: [{ name: 'a', user: {} }],
      'current-context': 'a',
    }),
  });
  const gate = await startGate(join(folder, 'policies'), ['--kubeconfig', join(folder, 'kubeconfig')]);
  const review = createReviewOf(JSON.parse(pod('nginx')) as JsonObject, 'u', 'shop');
  const { response } = await gate.post(review);
  expect(response).toMatchObject({ allowed: false, status: { message: '[a] jane' } });
  await gate.stop();
  await api.close();
});
