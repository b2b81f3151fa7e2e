import { index, type FakeDescriptor, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { fallbackTag } from '../fakes/registry/registry-store.ts';
import type { RunningRegistry } from '../e2e/harness/registry-process.ts';
import { pushManifest } from '../e2e/harness/registry-push.ts';
import { openRepository } from './live-repository.ts';

interface WithSubject {
  readonly subject?: { readonly digest: string };
  readonly config?: { readonly mediaType: string };
  readonly artifactType?: string;
}

/** As cosign does it: a manifest with a subject as referrer, kept in the fallback index without the API; else the tag. */
export const pushBeside = async (
  registry: RunningRegistry,
  repository: string,
  of: FakeManifest,
  candidate: FakeManifest,
  suffix: 'sig' | 'att' = 'sig',
): Promise<void> => {
  const { subject, artifactType, config } = JSON.parse(candidate.bytes.toString()) as WithSubject;
  const tag = fallbackTag(of.digest);
  if (subject === undefined) return pushManifest(registry, repository, candidate, `${tag}.${suffix}`);
  await pushManifest(registry, repository, candidate);
  const live = openRepository(registry.url, repository);
  if ((await live.referrers(of.digest)).includes(candidate.digest)) return;
  const before = await live.manifest(tag);
  const { manifests = [] } = (before ? JSON.parse(before.bytes.toString()) : {}) as {
    manifests?: FakeDescriptor[];
  };
  const type = artifactType ?? config?.mediaType;
  const descriptor = { ...candidate.descriptor, ...(type !== undefined && { artifactType: type }) };
  await pushManifest(registry, repository, index([], { descriptors: [...manifests, descriptor] }), tag);
};
