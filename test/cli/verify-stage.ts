import { expect } from 'vitest';
import type { ImageVerification } from '../../src/core/decision/image-verification.ts';
import { image, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { keylessBundle } from '../fakes/signature/keyless.ts';
import {
  bundleSignature,
  candidateOf,
  simpleSignature,
  tagFor,
} from '../fakes/signature/signed-candidates.ts';
import {
  bundleLayer,
  bundleMediaType,
  ecKey,
  statement,
  type SigningKey,
} from '../fakes/signature/signed-layers.ts';
import {
  createSigstore,
  day,
  identity,
  issuerUrl,
  keyPem,
  minute,
} from '../fakes/signature/sigstore-instance.ts';
import { folderWith, type Ended } from './imagegate.ts';
import { policyText } from './policies.ts';
import { stageRegistry, type RegistryStage } from './registry-stage.ts';

export const release = ecKey();
export const stranger = ecKey();
/** Signed is half an hour ago, by the clock of the command. */
export const acme = createSigstore({ begin: Date.now() - 30 * day, end: Date.now() + 30 * day });
export const slsa = 'https://slsa.dev/provenance/v1';
export const pemOf = ({ spki }: SigningKey): string => keyPem(Buffer.from(spki, 'base64'));

/** Keys and roots, as files. */
export const files = folderWith({
  'release.pub': pemOf(release),
  'stranger.pub': pemOf(stranger),
  'no-key.pub': 'this is no key',
  'acme.json': JSON.stringify(acme.trustedRoot),
  'broken.json': '{"mediaType":"application/x"}',
});
export const authority = (key: SigningKey, name = 'release') => ({ name, key: { pem: pemOf(key) } });
export const policies = (checks: readonly object[], more: object = {}): readonly string[] => [
  '--policies',
  folderWith({ 'p.json': policyText('signed', { checks, ...more }) }),
];
export const signedBy = (...keys: readonly SigningKey[]): object => ({
  signature: { authorities: keys.map((key, at) => authority(key, `a${at}`)), threshold: keys.length },
});

/** Something that stands beside an image, and its tag. */
export type Beside = (web: FakeManifest) => readonly [FakeManifest, string?];

export const sig =
  (...keys: readonly SigningKey[]): Beside =>
  (web) => [simpleSignature(web, ...keys.map(({ sign }) => sign)), tagFor(web, 'sig')];
export const bundle =
  (key: SigningKey, predicateType?: string): Beside =>
  (web) => [bundleSignature(web, key.sign, predicateType === undefined ? {} : { predicateType })];
export const keyless: Beside = (web) => {
  const at = Date.now() - 30 * minute;
  const options = { at, leaf: { from: at - minute, until: at + 9 * minute } };
  const made = keylessBundle(acme, { ...options, payload: statement({ digest: web.digest }) });
  return [candidateOf([bundleLayer(made)], { subject: web, artifactType: bundleMediaType })];
};

export const byAcme = [
  ['--certificate-identity', identity],
  ['--certificate-oidc-issuer', issuerUrl],
  ['--trusted-root', 'acme.json'],
].flat();

interface Pushed {
  readonly name: string;
  readonly repository: string;
  readonly web: FakeManifest;
}

/** A registry, and somebody who verifies images of it. */
export interface VerifyStage extends Pick<RegistryStage, 'registry' | 'host' | 'config'> {
  /** An image of its own in a repository of its own, and what stands beside it. */
  push(...beside: readonly Beside[]): Pushed;
  /** `verify TEXT ARGS` in the folder of the files. */
  verify(text: string, ...args: readonly string[]): Promise<Ended>;
  /** The same with `-o json`. */
  report(text: string, ...args: readonly string[]): Promise<ImageVerification & Pick<Ended, 'code'>>;
  run: RegistryStage['run'];
}

export const stageVerify = async (): Promise<VerifyStage> => {
  const stage = await stageRegistry();
  const { registry, host, config } = stage;
  const run: VerifyStage['run'] = (args, options) => stage.run(args, { cwd: files, ...options });
  const verify: VerifyStage['verify'] = (text, ...args) => run(['verify', text, ...config, ...args]);
  let images = 0;
  return {
    registry,
    host,
    config,
    run,
    verify,
    push: (...beside) => {
      images += 1;
      const repository = `shop/web${images}`;
      const web = image({ user: '1000', labels: { n: String(images) } });
      registry.push(repository, web, 'v1');
      for (const make of beside) {
        const [made, tag] = make(web);
        registry.push(repository, made, ...(tag === undefined ? [] : [tag]));
      }
      return { name: `${host}/${repository}:v1`, repository, web };
    },
    report: async (text, ...args) => {
      const { code, stdout, stderr } = await verify(text, '-o', 'json', ...args);
      expect(stderr).not.toMatch(/^\s+at /m);
      return { code, ...(JSON.parse(stdout) as ImageVerification) };
    },
  };
};
