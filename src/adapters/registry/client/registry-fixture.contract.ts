import { type FakeManifest, image } from '../../../../test/fakes/registry/registry-content.ts';
import type { Digest } from '../../../core/image/digest.ts';
import type { Credential, Registry, RegistryAnswer, Repository } from '../../../evidence/ports.ts';

/** A registry that speaks the protocol, with the reader that is to read it. */
export interface RegistryUnderTest {
  readonly registry: Registry;
  readonly host: string;
  /** May read every repository under `team/`. */
  readonly credential: Credential;
  /** May read nothing; absent where everybody may read everything. */
  readonly refused?: Credential;
  /** The host of the token server, where there is one. */
  readonly realm?: string;
  /** Where what refers to an image is found. */
  readonly referrers: 'api' | 'fallback-tag';
  /** Each repository has the blobs of all others: this registry keeps nobody from them. */
  readonly sharesBlobs?: true;
  push(repository: string, manifest: FakeManifest, ...tags: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export const amd64 = image({ user: '1000', layers: ['amd64'] });
export const arm64 = image({
  user: '1000',
  layers: ['arm64'],
  platform: { os: 'linux', architecture: 'arm64' },
});
export const docker = image({ user: '1000', format: 'docker' });

/** Blob limits of this suite; the images are small. */
export const limit = 64 * 1024;

export const kindOf = (answer: RegistryAnswer<unknown>): string =>
  answer.state === 'unavailable' ? answer.why.kind : answer.state;

export const known = <T>(answer: RegistryAnswer<T>): T => {
  if (answer.state !== 'known') throw new Error(`not known: ${JSON.stringify(answer)}`);
  return answer.value;
};

export const configOf = ({ config }: FakeManifest): { readonly digest: Digest; readonly size: number } => {
  if (config === undefined) throw new Error('that is no image');
  return { digest: config.digest, size: config.bytes.length };
};

export interface RegistryFixture {
  readonly of: () => RegistryUnderTest;
  /** A credential that is refused; only where the suite was told that there is one. */
  readonly refused: () => Credential;
  /** A repository of its own for each test. */
  readonly fresh: () => Repository;
}
