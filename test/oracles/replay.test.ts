import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawManifest } from '../fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../fakes/registry/registry.ts';
import { drawAttestationCases } from './attestation-cases.ts';
import { attestationDifferences, attestationPolicies } from './attestation-oracle.ts';
import { imagegateVerdicts, rowOf } from './imagegate-verdicts.ts';
import { drawKeylessCases } from './keyless-cases.ts';
import { keylessDifferences, keylessPolicies } from './keyless-oracle.ts';
import { reasonFor, type Difference, type OracleCase } from './oracle.ts';
import { readRecording, type RecordedRepository } from './recording.ts';
import { drawSignatureCases } from './signature-cases.ts';
import { signaturePolicies } from './signature-oracle.ts';
import { signatureDifferences } from './signature-ways.ts';

interface Replay {
  readonly name: string;
  readonly draw: (seed: number) => readonly OracleCase[];
  readonly policies: (material: Readonly<Record<string, string>>) => readonly object[];
  readonly differences: readonly Difference<never>[];
}
/** Recorded by `npm run oracles`: what other people's programs wrote into registries, and what they said of it. */
const replays: readonly Replay[] = [
  {
    name: 'signatures',
    draw: drawSignatureCases,
    policies: signaturePolicies,
    differences: signatureDifferences,
  },
  {
    name: 'keyless',
    draw: drawKeylessCases,
    policies: keylessPolicies,
    differences: keylessDifferences,
  },
  {
    name: 'attestations',
    draw: drawAttestationCases,
    policies: attestationPolicies,
    differences: attestationDifferences,
  },
];

/** As it lay in the registry, the index of the fallback tag included. */
const fill = (registry: FakeRegistry, name: string, { manifests, blobs, tags }: RecordedRepository): void => {
  for (const bytes of blobs) registry.pushBlob(name, Buffer.from(bytes, 'base64'));
  for (const { mediaType, bytes } of manifests) {
    registry.push(name, rawManifest(Buffer.from(bytes, 'base64'), mediaType));
  }
  for (const [tag, digest] of Object.entries(tags)) registry.tag(name, tag, digest);
};

describe.each(replays)('recorded cases of $name', (replay) => {
  const recording = readRecording(replay.name);
  const differences = replay.differences as readonly Difference<OracleCase>[];
  const cases = replay.draw(recording.seed);
  const recorded = new Map(recording.cases.map((one) => [one.id, one]));
  const of = ({ id }: OracleCase) => recorded.get(id)!;
  let folder: string;
  let registries: { readonly docker: FakeRegistry; readonly go: FakeRegistry };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'imagegate-replay-'));
    registries = {
      docker: await startFakeRegistry({ referrers: false }),
      go: await startFakeRegistry({ referrers: true }),
    };
    for (const one of cases) fill(registries[one.registry], one.repository, of(one).repository);
  });
  afterAll(async () => {
    await Promise.all([registries.docker.close(), registries.go.close()]);
    rmSync(folder, { recursive: true });
  });

  it('are the cases that the seed draws', () => {
    expect(recording.cases.map(({ id }) => id)).toEqual(cases.map(({ id }) => id));
    expect(cases.length).toBeGreaterThan(30);
  });

  it('are judged as they are: each good one is admitted, each other one refused, for the reason of then', async () => {
    const verdicts = await imagegateVerdicts({
      folder,
      rows: Object.values(registries).map(rowOf),
      policies: replay.policies(recording.material),
      images: cases.map((one) => `${registries[one.registry].host}/${one.repository}@${of(one).digest}`),
    });
    const told = cases.map(({ id }, index) => ({ id, ...verdicts[index]! }));
    expect(told).toEqual(cases.map((one) => ({ id: one.id, allowed: one.good, codes: of(one).codes })));
  });

  it('are judged by others as by us, except where a reason stands', () => {
    const unexplained = cases.flatMap((one) =>
      Object.entries(of(one).verdicts)
        .filter(([, accepted]) => accepted !== one.good)
        .filter(([way, accepted]) => reasonFor(differences, one, way, accepted) === undefined)
        .map(([way]) => `${one.id}: ${way}`),
    );
    expect(unexplained).toEqual([]);
  });

  it.each(differences)('differ because $why', ({ applies, ways, accepted }) => {
    const seen = cases
      .filter(applies)
      .flatMap((one) => ways.map((way) => of(one).verdicts[way] === accepted));
    expect(seen).toContain(true);
  });
});
