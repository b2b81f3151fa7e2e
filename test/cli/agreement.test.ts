import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Decision } from '../../src/core/decision/decision.ts';
import { readManifestObjects, type ManifestObject } from '../../src/core/workload/manifest.ts';
import { createReviewOf } from './admission-review.ts';
import { itemsOf, withoutPlace } from './decision-list.ts';
import { folderWith, imagegate, root } from './imagegate.ts';
import { policyText } from './policies.ts';
import { startGate, type RunningGate } from './running-gate.ts';

/** Files of objects; `yaml-scalars.json` holds pairs of texts and no object. */
const files = ['workloads', 'manifests'].flatMap((name) =>
  readdirSync(join(root, 'test', 'fixtures', name))
    .filter((file) => /\.(ya?ml|json)$/.test(file) && file !== 'yaml-scalars.json')
    .map((file) => join('test', 'fixtures', name, file)),
);

/** Without Namespaces: `check` takes labels from those in its input, and a gate without a cluster knows none. */
const objects: readonly ManifestObject[] = files
  .flatMap((file) => {
    const read = readManifestObjects(readFileSync(join(root, file), 'utf8'), file);
    if (!read.ok) throw new Error(`${file}:${read.error.line}: ${read.error.why}`);
    return read.value.objects;
  })
  .filter(({ kind }) => kind !== 'Namespace');

/** One object a line: the line of a decision says which object it is about. */
const lines = objects.map(({ object }) => JSON.stringify(object)).join('\n');
const check = (policies: string, flags: readonly string[] = []) =>
  imagegate(['check', 'manifest', '--policies', policies, '-f', '-', '-o', 'json', ...flags], {
    input: lines,
  });

/** What the examples do not have: every mode, every kind of selector, image patterns, `onUnavailable: Warn`. */
const everySelector = folderWith({
  'audit.json': policyText('audit', { mode: 'Audit', checks: [{ digest: { require: true } }] }),
  'images.json': policyText('images', {
    match: { images: ['registry.example.com/**', 'docker.io/**'] },
    checks: [{ tags: { deny: ['latest'] } }],
  }),
  'namespaces.json': policyText('namespaces', {
    match: { namespaces: { include: ['shop', 'pay*'], exclude: ['payroll'] } },
    checks: [{ registries: { deny: ['docker.io/**'] } }],
  }),
  'object.json': policyText('object', {
    mode: 'Warn',
    match: { objectSelector: { matchLabels: { app: 'every-place' } } },
    checks: [{ registries: { allow: [] } }],
  }),
  'weak.json': policyText('weak', {
    onUnavailable: 'Warn',
    match: { namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } },
    checks: [{ registries: { allow: ['registry.example.com/**'], requireHost: true } }],
  }),
});

/** One policy that speaks about some images only: what is left is `unmatched` (R1). */
const someImages = folderWith({
  'shop.json': policyText('shop', {
    match: { images: ['registry.example.com/shop/**'] },
    checks: [{ digest: { require: true } }],
  }),
});

/** A template and its constraint, which look at every object: its kind, its namespace, and the operation. */
const everyKind = folderWith({
  'template.yaml': `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: { name: everykind }
spec:
  crd: { spec: { names: { kind: EveryKind } } }
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package everykind
        violation[{"msg": msg, "details": {"name": input.review.name}}] {
          msg := sprintf("%v %v in %q: %v", [
            input.review.operation, input.review.kind.kind, object.get(input.review, "namespace", ""),
            count(input.review.object.metadata)])
        }
`,
  'all.json': JSON.stringify({
    apiVersion: 'constraints.gatekeeper.sh/v1beta1',
    kind: 'EveryKind',
    metadata: { name: 'all' },
  }),
  'shop.json': JSON.stringify({
    apiVersion: 'constraints.gatekeeper.sh/v1beta1',
    kind: 'EveryKind',
    metadata: { name: 'shop' },
    spec: {
      enforcementAction: 'warn',
      match: { namespaces: ['shop'], kinds: [{ kinds: ['Pod', 'Service'] }] },
    },
  }),
});

const examples = join(root, 'examples', 'policies');
const sets: readonly (readonly [string, string, readonly string[]])[] = [
  // What is looked up in a registry differs in times and credentials, and a webhook wants Pods to be pinned by then.
  ...readdirSync(examples)
    .filter((name) => name !== 'signed')
    .map((name) => [`examples/policies/${name}`, join(examples, name), []] as const),
  ['every mode and selector', everySelector, []],
  ['some images', someImages, []],
  ['some images, with --unmatched deny', someImages, ['--unmatched', 'deny']],
  ['some images, with --unmatched allow', someImages, ['--unmatched', 'allow']],
  ['constraints', everyKind, []],
  ['constraints of the published guide', join(root, 'examples', 'gatekeeper', 'document-004'), []],
  ['every mode and selector, with --unknown-kinds deny', everySelector, ['--unknown-kinds', 'deny']],
];

/** What must be the same. Why a namespace is not known differs by nature: a file knows no cluster. */
const essence = ({ allowed, images, findings, warnings, skipped, versions }: Decision) => ({
  allowed,
  images,
  findings: findings
    .map(withoutPlace)
    .map((finding) => (finding.code === 'namespace-unavailable' ? { ...finding, detail: '' } : finding)),
  warnings,
  skipped,
  versions,
});

const nothingToSay = { allowed: true, images: [], findings: [] };

describe.each(sets)(
  'check manifest and the webhook agree on every fixture: %s',
  (_title, policies, flags) => {
    let gate: RunningGate;
    let decisions: ReadonlyMap<string, Decision>;
    beforeAll(async () => {
      gate = await startGate(policies, flags);
      for (const [index, { object }] of objects.entries()) {
        await gate.post(createReviewOf(object, `uid-${index}`));
      }
      const recorded = await gate.recorded(objects.length);
      decisions = new Map(recorded.map((decision) => [decision.uid ?? '', decision]));
    });
    afterAll(() => gate.stop());

    test('same verdict, images, findings, warnings and policy version, object by object', async () => {
      const judged = new Map(
        itemsOf(await check(policies, flags)).map((decision) => [decision.object.line, decision]),
      );
      expect(judged.size).toBeGreaterThan(60);
      const wrong = objects.flatMap(({ file, line, kind }, index) => {
        const byWebhook = decisions.get(`uid-${index}`);
        if (byWebhook === undefined) return [`${file}:${line} ${kind}: not on record`];
        const byCheck = judged.get(index + 1);
        const [left, right] =
          byCheck === undefined
            ? [
                nothingToSay,
                { allowed: byWebhook.allowed, images: byWebhook.images, findings: byWebhook.findings },
              ]
            : [essence(byCheck), essence(byWebhook)];
        const [text, other] = [JSON.stringify(left), JSON.stringify(right)];
        return text === other ? [] : [`${file}:${line} ${kind}:\n  check   ${text}\n  webhook ${other}`];
      });
      expect(wrong).toEqual([]);
    });
  },
);

describe('the comparison can fail', () => {
  test('the fixtures hold allowed, denied and warned objects, and objects without a pod spec', async () => {
    const lists = await Promise.all([check(everySelector), check(someImages)]);
    const items = lists.flatMap(itemsOf);
    expect(items.some(({ allowed }) => allowed)).toBe(true);
    expect(items.some(({ allowed }) => !allowed)).toBe(true);
    expect(items.some(({ warnings }) => warnings.length > 0)).toBe(true);
    expect(items.length).toBeLessThan(2 * objects.length);
    const codes = new Set(items.flatMap(({ findings }) => findings.map(({ code }) => code)));
    expect([...codes]).toEqual(
      expect.arrayContaining([
        'invalid-reference',
        'malformed-request',
        'namespace-unavailable',
        'too-many-images',
        'unmatched',
      ]),
    );
  });
});
