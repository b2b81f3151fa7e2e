/** Signs images thousands at a time: by a key of this process, and by a private instance of Sigstore within it. */
import { createPublicKey } from 'node:crypto';
import { index, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { keylessBundle } from '../fakes/signature/keyless.ts';
import { candidateOf, junk, simpleSignature, tagFor } from '../fakes/signature/signed-candidates.ts';
import { bundleLayer, bundleMediaType, ecKey, statement } from '../fakes/signature/signed-layers.ts';
import { createSigstore, identity, issuerUrl } from '../fakes/signature/sigstore-instance.ts';

const key = ecKey();
const instance = createSigstore();

const provenance = {
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      externalParameters: { workflow: { ref: 'refs/tags/v1', repository: 'https://github.com/acme/web' } },
    },
    runDetails: { builder: { id: 'https://github.com/actions/runner' } },
  },
};

/** What stands beside an image. `junk`: so many referrers of another kind; `foreign`: so many signatures of strangers. */
export interface Signed {
  readonly with: readonly ('key' | 'keyless' | 'attestation')[];
  readonly junk?: number;
  readonly foreign?: number;
}

const keyless = (image: FakeManifest, payload: Uint8Array): FakeManifest =>
  candidateOf([bundleLayer(keylessBundle(instance, { payload }))], {
    subject: image,
    artifactType: bundleMediaType,
  });

/** Manifests to push, each with the tags that it needs. */
export const candidatesFor = (
  image: FakeManifest,
  signed: Signed,
): readonly { readonly manifest: FakeManifest; readonly tag: string }[] => {
  const { digest } = image;
  const referrers: FakeManifest[] = [];
  for (let at = 0; at < (signed.junk ?? 0); at++) referrers.push(junk(image, at));
  for (let at = 0; at < (signed.foreign ?? 0); at++) {
    const layer = bundleLayer(keylessBundle(createForeign(), { payload: statement({ digest }) }));
    referrers.push(candidateOf([layer], { subject: image, artifactType: bundleMediaType }));
  }
  if (signed.with.includes('keyless')) referrers.push(keyless(image, statement({ digest })));
  if (signed.with.includes('attestation'))
    referrers.push(keyless(image, statement({ digest, ...provenance })));
  return [
    ...(signed.with.includes('key')
      ? [{ manifest: simpleSignature(image, key.sign), tag: tagFor(image, 'sig') }]
      : []),
    // The fallback tag holds all of them, so no registry needs the Referrers API.
    ...(referrers.length > 0 ? [{ manifest: index(referrers), tag: digest.replace(':', '-') }] : []),
  ];
};

let foreign: ReturnType<typeof createSigstore> | undefined;
const createForeign = (): ReturnType<typeof createSigstore> => (foreign ??= createSigstore());

/** What a policy names, and the trust root for `--policies`. */
export const signers = (): {
  readonly key: { readonly key: { readonly pem: string } };
  readonly keyless: object;
  readonly trustRoot: object;
} => ({
  key: {
    key: {
      pem: createPublicKey({ key: Buffer.from(key.spki, 'base64'), format: 'der', type: 'spki' })
        .export({ format: 'pem', type: 'spki' })
        .toString(),
    },
  },
  keyless: {
    keyless: {
      trustRoot: 'bench',
      identities: [
        { issuer: issuerUrl, subject: identity, sourceRepositoryUri: 'https://github.com/acme/web' },
      ],
    },
  },
  trustRoot: {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'TrustRoot',
    metadata: { name: 'bench' },
    spec: { sigstore: { trustedRoot: JSON.stringify(instance.trustedRoot) } },
  },
});
