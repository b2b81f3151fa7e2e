import { describe, expect, test } from 'vitest';
import { createEvidenceHarness } from '../fakes/evidence/evidence-harness.ts';
import { fakeGate, pod, requestFor } from '../fakes/gate.ts';
import { image, index, type FakeManifest } from '../fakes/registry/registry-content.ts';

/** What runtimes do with the checkpoint of a container: src/core/oci/checkpoint.ts names the sources. */
const place = 'registry.example.com/team/app';
const ofCrio = { 'io.kubernetes.cri-o.annotations.checkpoint.name': 'app' };
const ofCriu = { 'org.criu.checkpoint.container.name': '' };

const admit = async (manifest: FakeManifest, onUnavailable = 'Deny') => {
  const harness = createEvidenceHarness();
  harness.registry.push(place, manifest);
  const checks = [{ digest: { require: true } }, { image: { user: 'NonRoot' } }];
  const gate = fakeGate({ policies: { 'non-root': { checks, onUnavailable } }, evidence: harness.evidence });
  const decision = await gate.admit(requestFor(pod({ app: `${place}@${manifest.digest}` })));
  expect(gate.bugs).toEqual([]);
  return decision;
};
const saved = (annotations: Readonly<Record<string, string>>): FakeManifest =>
  image({ user: '1000', annotations });

describe('B60: a checkpoint of a container, which a node goes on with whatever its config says', () => {
  test.each<[string, FakeManifest]>([
    ['with the annotation of CRI-O', saved(ofCrio)],
    ['with the annotation of CRIU, which containerd reads', saved(ofCriu)],
    ['in a Docker manifest', image({ user: '1000', format: 'docker', annotations: ofCriu })],
    ['within an index', index([saved(ofCriu)])],
    ['as an index, of which containerd reads the annotations', index([saved({})], { annotations: ofCriu })],
    ['within an index of an index', index([index([saved(ofCrio)])])],
  ])('%s is refused, whatever onUnavailable says', async (_title, manifest) => {
    for (const onUnavailable of ['Deny', 'Warn']) {
      const { allowed, findings } = await admit(manifest, onUnavailable);
      expect(allowed).toBe(false);
      expect(findings[0]?.detail).toContain('it is the checkpoint of a container');
    }
  });

  test.each<[string, FakeManifest]>([
    ['another annotation of the same tool', saved({ 'org.criu.checkpoint.engine.name': 'cri-o' })],
    ['a name that differs in case', saved({ 'org.criu.checkpoint.container.Name': 'app' })],
    [
      'what an index says of an entry, which no runtime reads',
      index([saved({})], { descriptors: [{ ...saved({}).descriptor, annotations: ofCriu }] }),
    ],
  ])('%s makes none', async (_title, manifest) => {
    expect((await admit(manifest)).allowed).toBe(true);
  });
});
