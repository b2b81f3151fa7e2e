import { describe, expect, test } from 'vitest';
import {
  digestOf,
  evidenceOf,
  fakeEvidence,
  flippingEvidence,
} from '../../../test/fakes/evidence/evidence.ts';
import { fakeClock } from '../../../test/fakes/gate.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { absent, unavailable } from '../../core/facts/fact.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { Evidence } from '../../evidence/gather.ts';
import { deadlineAfter } from '../deadline.ts';
import { createPinManifest } from './pin-manifest.ts';

const a = digestOf('a');
type Manifest = JsonObject & { readonly apiVersion: string; readonly kind: string };
const cronJob = (...images: readonly string[]) => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'x', namespace: 'shop' },
  spec: {
    jobTemplate: {
      spec: {
        template: { spec: { containers: images.map((image, at) => ({ name: `c${String(at)}`, image })) } },
      },
    },
  },
});
const pinning = (
  evidence: Evidence | undefined,
  policies: Readonly<Record<string, object>> = { any: { checks: [{ tags: { deny: ['x'] } }] } },
) => {
  const set = policySet(policies);
  const pin = createPinManifest({
    policies: { current: () => ({ state: 'loaded', set }) },
    namespaces: { labels: (name) => unavailable(name, 'none') },
    workloads: createWorkloadTable([]),
    evidence,
    defaultNamespace: 'default',
  });
  return (object: Manifest) => {
    const { apiVersion, kind } = object;
    return pin({ object: { ...object }, apiVersion, kind }, deadlineAfter(10_000, fakeClock()));
  };
};

describe('check manifest --pin', () => {
  test('says which text to write where, whether a policy pins or not', async () => {
    const evidence = fakeEvidence();
    const [nginx, fixed, odd] = await pinning(evidence)(cronJob('nginx', `redis@${a}`, 'Not A Name'));
    const path = 'spec.jobTemplate.spec.template.spec.containers[0].image';
    const text = `docker.io/library/nginx:latest@${a}`;
    expect(nginx).toEqual({ path, given: 'nginx', outcome: 'pinned', text, digest: a });
    expect([fixed?.outcome, odd?.outcome]).toEqual(['kept', 'kept']);
    expect(evidence.asked.map(({ references, context }) => [references, context])).toEqual([
      [['docker.io/library/nginx:latest'], undefined],
    ]);
  });

  test('B1: one image in two places gets one digest', async () => {
    const places = await pinning(flippingEvidence())(cronJob('nginx', 'docker.io/library/nginx'));
    expect(new Set(places.map((place) => (place.outcome === 'pinned' ? place.text : '')))).toEqual(
      new Set([`docker.io/library/nginx:latest@${a}`]),
    );
  });

  test.each<[string, Evidence | undefined, string]>([
    ['there is no registry access', undefined, 'without registry access'],
    [
      'its registry is down',
      fakeEvidence(() => ({ pinned: unavailable('r.io: connect', 'refused'), facts: {}, tried: [] })),
      'r.io: connect: refused',
    ],
    [
      'it is not there',
      fakeEvidence(() => ({ pinned: absent, facts: {}, tried: [] })),
      'not in its registry',
    ],
  ])('leaves an image and says why when %s', async (_title, evidence, why) => {
    expect(await pinning(evidence)(cronJob('nginx'))).toMatchObject([
      { outcome: 'left', why: expect.stringContaining(why) },
    ]);
  });

  test('asks no registry that a policy refuses (B26)', async () => {
    const evidence = fakeEvidence((request) => evidenceOf(request, digestOf('a')));
    const fence = { checks: [{ registries: { allow: ['r.io/**'] } }] };
    const places = await pinning(evidence, { fence })(cronJob('10.0.0.1/x', 'r.io/x'));
    expect(places.map(({ outcome }) => outcome)).toEqual(['left', 'pinned']);
    expect(evidence.asked.map(({ references }) => references)).toEqual([['r.io/x:latest']]);
  });

  test.each<[string, Manifest]>([
    ['a kind without a pod spec', { apiVersion: 'v1', kind: 'ConfigMap' }],
    ['an unknown kind', { apiVersion: 'x.io/v1', kind: 'X', spec: { containers: [] } }],
    ['a workload whose images cannot be found', { apiVersion: 'v1', kind: 'Pod', spec: 7 }],
  ])('has nothing to write for %s', async (_title, object) => {
    expect(await pinning(fakeEvidence())(object)).toEqual([]);
  });
});
