import { beforeAll, describe, expect, it } from 'vitest';
import { fallbackTag } from '../../fakes/registry/registry-store.ts';
import { image, index, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import type { CosignKey } from '../harness/cosign.ts';
import { createPod, decisionOn } from '../harness/evidence-judged.ts';
import { stageEvidence } from '../harness/evidence-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { oras, skopeo } from '../harness/registry-commands.ts';
import type { RunningRegistry } from '../harness/registry-process.ts';
import { pushManifest } from '../harness/registry-push.ts';
import { startSigningRegistries, type RegistryName } from '../harness/signing-registries.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

/** How the policy of a folder judges what lies in it. */
const folders = {
  reference: { spec: { multiArch: { mode: 'reference' } }, check: {} },
  each: { spec: { multiArch: { mode: 'each-platform' } }, check: {} },
  amd64: { spec: { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] } }, check: {} },
  named: { spec: {}, check: { signedAs: '{host}/{path}' } },
} as const;
type Folder = keyof typeof folders;

const registryNames: readonly { where: RegistryName; elsewhere: RegistryName; has: string }[] = [
  { where: 'docker', elsewhere: 'go', has: 'no Referrers API' },
  { where: 'go', elsewhere: 'docker', has: 'the Referrers API' },
];

describe('signed images under another name', () => {
  const stage = stageEvidence(() => startSigningRegistries());
  const { cluster } = stage;
  let namespace: string;
  let release: CosignKey;

  const policyOf = (name: string, images: string, check: object, spec: object) => ({
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: `${name}-${namespace}` },
    spec: {
      match: { namespaces: { include: [namespace] }, images: [images] },
      checks: [{ signature: { ...check, authorities: [{ name: 'release', key: { pem: release.pem } }] } }],
      ...spec,
    },
  });

  beforeAll(async () => {
    const { registries, cosigns } = stage.around;
    release = await cosigns[3].generateKey('release');
    namespace = await createNamespace(cluster);
    for (const [name, registry] of Object.entries(registries)) {
      for (const [folder, { check, spec }] of Object.entries(folders)) {
        await putPolicy(cluster, policyOf(`${folder}-${name}`, `${registry.host}/${folder}/*`, check, spec));
      }
    }
    for (const { where, elsewhere } of registryNames) {
      const images = `${registries[elsewhere].host}/located/*`;
      const locations = ['image', `${registries[where].host}/reference/{name}`];
      await putPolicy(cluster, policyOf(`located-${elsewhere}`, images, { locations }, {}));
    }
    await untilJudged(cluster, namespace, false);
  });

  /** How a Pod of this image is judged, and what it is told to do. */
  const judged = async (text: string): Promise<readonly [string, string]> => {
    const { name, status } = await createPod(cluster, namespace, text);
    if (status === 201) return ['admitted', ''];
    const { findings } = await decisionOn(stage.gate, { namespace, name });
    return [findings.map(({ code }) => code).join(), findings.map(({ remedy }) => remedy).join()];
  };
  const verdictOn = async (text: string): Promise<string> => (await judged(text))[0];

  describe.each(registryNames)('an index in a registry with $has', ({ where }) => {
    interface PushedIndex {
      readonly named: string;
      readonly children: readonly [amd64: string, arm64: string];
    }
    const pushIndex = async (folder: Folder, name: string): Promise<PushedIndex> => {
      const registry = stage.around.registries[where];
      const labels = { test: `${name} ${Math.random()}` };
      const images = [image({ platform: amd64, labels }), image({ platform: arm64, labels })] as const;
      const made = index(images);
      await pushManifest(registry, `${folder}/${name}`, made, 'v1');
      const by = ({ digest }: FakeManifest): string => `${registry.host}/${folder}/${name}@${digest}`;
      return { named: by(made), children: [by(images[0]), by(images[1])] };
    };
    const sign = (text: string, ...more: readonly string[]): Promise<void> =>
      stage.around.cosigns[3].sign(text, release, 'bundle', ...more);

    it.each<Folder>(['reference', 'each', 'amd64'])(
      'was signed, and an image behind it is named by its own digest: refused, and told to name the index (S1, %s)',
      async (folder) => {
        const { named, children } = await pushIndex(folder, 'index-only');
        await sign(named);
        expect(await verdictOn(named)).toBe('admitted');
        for (const child of children) {
          expect(await judged(child)).toEqual([
            'signature-missing',
            expect.stringContaining('if an index was signed, name the index and not an image behind it'),
          ]);
        }
      },
    );

    it('was signed with all that is behind it: each is admitted under its own digest', async () => {
      const { named, children } = await pushIndex('reference', 'recursive');
      await sign(named, '--recursive');
      for (const text of [named, ...children])
        expect([text, await verdictOn(text)]).toEqual([text, 'admitted']);
    });

    it('was not signed, but what is behind it was: that counts where each image is judged (S1)', async () => {
      const verdicts: Record<string, string> = {};
      for (const folder of ['reference', 'each', 'amd64'] as const) {
        const { named, children } = await pushIndex(folder, 'children-only');
        for (const child of children) await sign(child);
        verdicts[folder] = await verdictOn(named);
        for (const child of children) expect(await verdictOn(child)).toBe('admitted');
      }
      expect(verdicts).toEqual({ reference: 'signature-missing', each: 'admitted', amd64: 'admitted' });
    });

    it('was not signed, and one image behind it was: the one that is judged decides', async () => {
      const verdicts: Record<string, string> = {};
      for (const folder of ['each', 'amd64'] as const) {
        const { named, children } = await pushIndex(folder, 'one-child');
        await sign(children[0]);
        verdicts[folder] = await verdictOn(named);
      }
      expect(verdicts).toEqual({ each: 'signature-missing', amd64: 'admitted' });
    });
  });

  describe.each(registryNames)('a copy from a registry with $has', ({ where, elsewhere }) => {
    const forms = [
      { major: 2, form: 'tag' },
      { major: 3, form: 'bundle' },
    ] as const;
    interface Copied {
      readonly source: string;
      readonly copy: string;
      readonly digest: string;
    }
    /** Signed in the folder `reference` of one registry, and copied without what stands beside it. */
    const mirrored = async (folder: string, name: string, form: (typeof forms)[number]): Promise<Copied> => {
      const { registries, cosigns } = stage.around;
      const made = image({ labels: { test: `${name} ${Math.random()}` } });
      // A name of its own for each direction: what a tag stood for is remembered for some seconds.
      const path = `${name}-of-${where}`;
      const at = (registry: RunningRegistry, room: string): string => `${registry.host}/${room}/${path}`;
      const source = at(registries[where], 'reference');
      const copy = at(registries[elsewhere], folder);
      await pushManifest(registries[where], `reference/${path}`, made, 'v1');
      await cosigns[form.major].sign(`${source}@${made.digest}`, release, form.form);
      await copyTag(source, copy, 'v1');
      return { source, copy, digest: made.digest };
    };
    const copyTag = (source: string, copy: string, tag: string): Promise<string> =>
      skopeo(
        [
          ['copy', '--all', '--preserve-digests', '--src-tls-verify=false', '--dest-tls-verify=false'],
          [`docker://${source}:${tag}`, `docker://${copy}:${tag}`],
        ].flat(),
      );

    it.each(forms)(
      'without its signature ($form of cosign $major) is refused, and told how to copy that too',
      async (form) => {
        const { source, copy, digest } = await mirrored('reference', `bare-${form.form}`, form);
        expect(await verdictOn(`${source}:v1`)).toBe('admitted');
        for (const text of [`${copy}:v1`, `${copy}@${digest}`]) {
          expect(await judged(text)).toEqual([
            'signature-missing',
            expect.stringContaining('a copy needs its signatures copied too (`oras cp -r`'),
          ]);
        }
      },
    );

    it('by cosign copy is admitted, if it was signed under the tag `.sig`', async () => {
      const { source, copy, digest } = await mirrored('reference', 'cosign-copied', forms[0]);
      await stage.around.cosigns[2].must(['copy', `${source}@${digest}`, `${copy}:v2`]);
      expect(await verdictOn(`${copy}@${digest}`)).toBe('admitted');
    });

    it('by cosign copy is refused, if it was signed with a bundle: that writes the image where bundles are listed', async () => {
      const { source, copy, digest } = await mirrored('reference', 'cosign-copied-bundle', forms[1]);
      await stage.around.cosigns[3].must(['copy', `${source}@${digest}`, `${copy}:v2`]);
      expect(await judged(`${copy}@${digest}`)).toEqual([
        'signature-limit',
        expect.stringContaining(
          'remove what stands beside the image in its registry and is no signature of it',
        ),
      ]);
    });

    it('by oras, with referrers, is admitted', async () => {
      const { source, copy, digest } = await mirrored('reference', 'oras-copied', forms[1]);
      await oras(['cp', '-r', '--from-plain-http', '--to-plain-http', `${source}@${digest}`, `${copy}:v2`]);
      expect(await verdictOn(`${copy}@${digest}`)).toBe('admitted');
    });

    it('of the tag `.sig` beside it by a tool that knows no signatures is admitted', async () => {
      const { source, copy, digest } = await mirrored('reference', 'tag-copied', forms[0]);
      await copyTag(source, copy, `${fallbackTag(digest)}.sig`);
      expect(await verdictOn(`${copy}@${digest}`)).toBe('admitted');
    });

    it.each(forms)(
      'is admitted where the policy looks at the source too (S12, $form of cosign $major)',
      async (form) => {
        const { copy, digest } = await mirrored('located', `located-${form.form}`, form);
        expect(await verdictOn(`${copy}@${digest}`)).toBe('admitted');
        const stranger = image({ labels: { test: `stranger ${Math.random()}` } });
        await pushManifest(
          stage.around.registries[elsewhere],
          `located/stranger-${form.form}`,
          stranger,
          'v1',
        );
        const host = stage.around.registries[elsewhere].host;
        expect(await verdictOn(`${host}/located/stranger-${form.form}@${stranger.digest}`)).toBe(
          'signature-missing',
        );
      },
    );

    it('with its signature is refused where that has to be for this name', async () => {
      const { source, copy, digest } = await mirrored('named', 'as-named', forms[0]);
      await copyTag(source, copy, `${fallbackTag(digest)}.sig`);
      expect(await verdictOn(`${copy}@${digest}`)).toBe('signature-mismatch');
    });
  });
});
