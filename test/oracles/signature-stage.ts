import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { artifact, image, type FakeManifest } from '../fakes/registry/registry-content.ts';
import type { Cosign, CosignKey, SignatureForm } from '../e2e/harness/cosign.ts';
import { pushManifest } from '../e2e/harness/registry-push.ts';
import { candidatesOf, openRepository, packCandidate, readCandidate } from './live-repository.ts';
import { keyTypes, type CosignSigner, type KeyType, type SignatureCase } from './signature-cases.ts';
import type { Registries } from './oracle.ts';
import { pushBeside } from './push-beside.ts';
import { twistCandidate } from './twist.ts';

export interface SignatureStage {
  readonly registries: Registries;
  readonly cosigns: Readonly<Record<2 | 3, Cosign>>;
  /** The key that the policy names, and one that nobody names. */
  readonly keys: Readonly<Record<KeyType, { readonly release: CosignKey; readonly stranger: CosignKey }>>;
}

const newKey: Readonly<Record<KeyType, () => KeyObject>> = {
  p256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  p384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  p521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  rsa2048: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  rsa4096: () => generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey,
  ed25519: () => generateKeyPairSync('ed25519').privateKey,
};
const pkcs8 = (type: KeyType): string => newKey[type]().export({ type: 'pkcs8', format: 'pem' }) as string;

export const makeKeys = async (cosign: Cosign): Promise<SignatureStage['keys']> => {
  const made: Partial<Record<KeyType, { release: CosignKey; stranger: CosignKey }>> = {};
  for (const type of keyTypes) {
    made[type] = {
      release: await cosign.importKey(`${type}-release`, pkcs8(type)),
      stranger: await cosign.importKey(`${type}-stranger`, pkcs8(type)),
    };
  }
  return made as SignatureStage['keys'];
};

export const signerOf = (signer: CosignSigner): { readonly major: 2 | 3; readonly form: SignatureForm } => {
  const [cosign, form] = signer.split('-') as [string, SignatureForm];
  return { major: cosign === 'cosign2' ? 2 : 3, form };
};

/** Puts into the registry what a case is about. @returns the image */
export const layOut = async (stage: SignatureStage, one: SignatureCase): Promise<FakeManifest> => {
  const registry = stage.registries[one.registry];
  const { release, stranger } = stage.keys[one.key];
  const { major, form } = signerOf(one.signer);
  const cosign = stage.cosigns[major];
  const made = image({ labels: { case: one.id } });
  const { repository } = one;
  const named = (name: string, { digest }: FakeManifest): string => `${registry.host}/${name}@${digest}`;
  await pushManifest(registry, repository, made);
  const twisted = one.twist.endsWith('-flipped') || one.twist === 'signature-removed';
  if (one.twist === 'other-image' || twisted) {
    // Signed elsewhere and moved, so that the good signature never lies beside the image.
    const signed = twisted ? made : image({ labels: { case: `not ${one.id}` } });
    const elsewhere = `elsewhere/${one.id}`;
    await pushManifest(registry, elsewhere, signed);
    await cosign.sign(named(elsewhere, signed), release, form);
    const source = openRepository(registry.url, elsewhere);
    for (const digest of await candidatesOf(source, signed.digest)) {
      const candidate = twistCandidate(await readCandidate(source, digest), one);
      const moved = candidate.manifest.subject
        ? { ...candidate, manifest: { ...candidate.manifest, subject: made.descriptor } }
        : candidate;
      await pushBeside(registry, repository, made, packCandidate(moved));
    }
    return made;
  }
  if (one.twist === 'attestation') {
    const statement = { type: 'https://example.com/scan/v1', predicate: { result: 'FAILED' } };
    await cosign.attest(named(repository, made), release, form, statement);
    return made;
  }
  await cosign.sign(named(repository, made), one.twist === 'other-key' ? stranger : release, form);
  if (one.twist === 'junk-beside') {
    await stage.cosigns[3].sign(named(repository, made), stranger, 'bundle');
    const junk = artifact({ artifactType: 'application/vnd.example.junk', subject: made.descriptor });
    await pushBeside(registry, repository, made, junk);
  }
  return made;
};
