import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ImageVerification } from '../../../src/core/decision/image-verification.ts';
import { image } from '../../fakes/registry/registry-content.ts';
import { createCosign, type Cosign, type CosignKey, type SignatureForm } from '../harness/cosign.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { rowOf } from '../harness/evidence-stage.ts';
import { startGoRegistry } from '../harness/go-registry.ts';
import { imagegate } from '../harness/imagegate.ts';
import type { RunningRegistry } from '../harness/registry-process.ts';
import { pushManifest } from '../harness/registry-push.ts';

/** Each form that cosign finds by itself. */
const signers = [
  { major: 2, form: 'tag', written: 'simple-signing' },
  { major: 3, form: 'tag', written: 'simple-signing' },
  { major: 3, form: 'bundle', written: 'bundle' },
] as const satisfies readonly { major: 2 | 3; form: SignatureForm; written: string }[];

const folder = mkdtempSync(join(tmpdir(), 'imagegate-verify-'));
const config = join(folder, 'config.yaml');
const type = 'https://example.com/scan/v1';
let registries: Readonly<Record<'docker' | 'go', RunningRegistry>>;
let cosigns: Readonly<Record<2 | 3, Cosign>>;
let release: CosignKey;
let stranger: CosignKey;

/** Pushes an image of its own. @returns its name with its digest */
const push = async (where: keyof typeof registries): Promise<string> => {
  const registry = registries[where];
  const made = image({ labels: { test: String(Math.random()) } });
  await pushManifest(registry, 'team/app', made, 'v1');
  return `${registry.host}/team/app@${made.digest}`;
};
const verify = async (name: string, key: CosignKey, ...more: readonly string[]) => {
  const args = ['verify', name, '--key', key.pemFile, '--config', config, '-o', 'json', ...more];
  const { code, stdout } = await imagegate(args);
  return { code, ...(JSON.parse(stdout) as ImageVerification) };
};

beforeAll(async () => {
  const docker = await startDockerRegistry({ tls: true });
  registries = { docker, go: await startGoRegistry() };
  const place = { folder, caFile: docker.caFile! };
  cosigns = { 2: createCosign(2, place), 3: createCosign(3, place) };
  writeFileSync(config, stringify({ registries: [rowOf(docker), rowOf(registries.go)] }));
  release = await cosigns[3].generateKey('release');
  stranger = await cosigns[3].generateKey('stranger');
});
afterAll(async () => {
  await Promise.all([registries.docker.stop(), registries.go.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  { where: 'docker', has: 'no Referrers API' },
  { where: 'go', has: 'the Referrers API' },
] as const)('imagegate verify beside cosign, on a registry with $has', ({ where }) => {
  /** What both say: 0 stands for valid. */
  const bothOn = async (major: 2 | 3, name: string, key: CosignKey) => {
    const ours = await verify(name, key);
    const theirs = await cosigns[major].run([
      'verify',
      '--key',
      key.pemFile,
      '--insecure-ignore-tlog=true',
      name,
    ]);
    return { ours, valid: [ours.code === 0, theirs.code === 0] };
  };

  it.each(signers)(
    'what cosign $major signed as $form: by the key, and not by another',
    async ({ major, form, written }) => {
      const name = await push(where);
      await cosigns[major].sign(name, release, form);
      const signed = await bothOn(major, name, release);
      expect([signed.ours.verdict, signed.valid]).toEqual(['valid', [true, true]]);
      expect(signed.ours.candidates).toMatchObject([{ form: written, signer: { kind: 'key' } }]);
      const foreign = await bothOn(major, name, stranger);
      expect([foreign.ours.verdict, foreign.valid]).toEqual(['invalid', [false, false]]);
      expect(foreign.ours.candidates).toMatchObject([{ form: written, rejected: { fault: 'untrusted' } }]);
    },
  );

  it('what nobody signed', async () => {
    const name = await push(where);
    const { ours, valid } = await bothOn(3, name, release);
    expect([ours.code, valid, ours.candidates]).toEqual([1, [false, false], []]);
  });

  it('shows each of two cosigns, and an attestation as what it is', async () => {
    const name = await push(where);
    await cosigns[2].sign(name, release, 'tag');
    await cosigns[3].sign(name, release, 'bundle');
    await cosigns[3].attest(name, release, 'bundle', { type, predicate: { result: 'PASSED' } });
    const { candidates, verdict } = await verify(name, release);
    const seen = candidates.map(({ form, rejected }) => `${form ?? ''} ${rejected?.fault ?? 'counts'}`);
    expect([verdict, seen.sort()]).toEqual([
      'valid',
      ['bundle counts', 'bundle mismatch', 'simple-signing counts'],
    ]);
    const attested = await verify(name, release, '--type', type);
    const counting = attested.candidates.filter(({ authorities }) =>
      authorities.some(({ counts }) => counts),
    );
    expect([attested.verdict, counting.map(({ predicateType }) => predicateType)]).toEqual(['valid', [type]]);
  });
});
