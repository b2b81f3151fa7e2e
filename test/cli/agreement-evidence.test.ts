import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Decision } from '../../src/core/decision/decision.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { image, index } from '../fakes/registry/registry-content.ts';
import { createReviewOf } from './admission-review.ts';
import { itemsOf, withoutPlace } from './decision-list.ts';
import { folderWith } from './imagegate.ts';
import { policyText } from './policies.ts';
import { stageRegistry, type RegistryStage } from './registry-stage.ts';
import { startGate, type RunningGate } from './running-gate.ts';

const day = 86_400_000;
const created = new Date(Date.now() - 30 * day).toISOString();
const images = {
  good: image({ user: '1000', created, labels: { team: 'shop' } }),
  rooted: image({ created }),
  named: image({ user: 'web', created, labels: { team: 'other' } }),
  ageless: image({ user: '1000' }),
  multi: index([
    image({ user: '1000', created }),
    image({ user: '0', created, platform: { os: 'linux', architecture: 'arm64' } }),
  ]),
};

const policies = folderWith({
  'user.json': policyText('user', { checks: [{ image: { user: 'NonRoot' } }] }),
  'numeric.json': policyText('numeric', {
    mode: 'Warn',
    checks: [{ image: { user: 'NonRootNumeric', labels: { required: { team: ['shop'] } } } }],
  }),
  'age.json': policyText('age', { mode: 'Audit', checks: [{ image: { maxAge: '10d' } }] }),
  'weak.json': policyText('weak', {
    onUnavailable: 'Warn',
    match: { namespaces: { include: ['weak'] } },
    checks: [{ image: { maxSize: '1Gi' } }],
  }),
});

let stage: RegistryStage;
let gate: RunningGate;
beforeAll(async () => {
  stage = await stageRegistry();
  for (const [tag, one] of Object.entries(images)) stage.registry.push('team/web', one, tag);
  gate = await startGate(policies, stage.config);
});
afterAll(() => gate.stop());

/** A Deployment: on a Pod, `digest.pin` and the pull secrets of a cluster would make a difference. */
const deployment = (name: string, namespace: string, texts: readonly string[]): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: texts.map((text, at) => ({ name: `c${at}`, image: text })) },
    },
  },
});

/** How long somebody waited differs from one run to the next. */
const timeless = (text: string): string => text.replaceAll(/after [\d,]+ ms/g, 'after TIME');
const essence = ({ allowed, images: judged, findings, warnings, versions }: Decision): unknown =>
  JSON.parse(
    timeless(JSON.stringify({ allowed, judged, findings: findings.map(withoutPlace), warnings, versions })),
  );

test('check manifest and the webhook agree on what images say, and on what nobody could look at', async () => {
  const name = (tag: string): string => `${stage.host}/team/web:${tag}`;
  const dead = '127.0.0.1:1/team/web:good';
  const objects = [
    ...[...Object.keys(images), 'gone'].map((tag) => deployment(tag, 'shop', [name(tag)])),
    deployment('several', 'shop', [name('good'), name('rooted'), name('good'), name('gone')]),
    deployment('digest', 'shop', [`${stage.host}/team/web@${images.rooted.digest}`]),
    deployment('dead', 'shop', [dead, name('good')]),
    deployment('weak', 'weak', [dead]),
    deployment('odd', 'shop', ['Not An Image', name('good')]),
  ];
  for (const [at, object] of objects.entries()) {
    await gate.post(createReviewOf(object, `uid-${at}`));
  }
  const recorded = await gate.recorded(objects.length);
  const byWebhook = objects.map((_, at) => recorded.find(({ uid }) => uid === `uid-${at}`));

  const input = objects.map((object) => JSON.stringify(object)).join('\n');
  const args = ['check', 'manifest', '-f', '-', '-o', 'json', '--policies', policies, ...stage.config];
  const byCheck = itemsOf(await stage.run(args, { input }));

  expect(byCheck.map(essence)).toEqual(
    byWebhook.map((decision) => (decision === undefined ? 'not on record' : essence(decision))),
  );
  const codes = new Set(byCheck.flatMap(({ findings }) => findings.map(({ code }) => code)));
  expect([...codes].sort()).toEqual([
    'bytes-not-pinned',
    'image-absent',
    'image-label',
    'image-time-unknown',
    'image-too-old',
    'image-unavailable',
    'image-user-root',
    'invalid-reference',
  ]);
  expect(byCheck.map(({ allowed }) => allowed)).toContain(true);
});
