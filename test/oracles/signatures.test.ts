import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawManifest } from '../fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../fakes/registry/registry.ts';
import { cosignWays, differences, reasonFor, type CosignWay } from './differences.ts';
import { imagegateVerdicts } from './imagegate-verdicts.ts';
import { readRecording, repositoryOf, type RecordedRepository } from './recording.ts';
import { drawSignatureCases, isSigned } from './signature-cases.ts';

/** Recorded by `npm run oracles`: what cosign wrote into registries, and what it said of it. */
const recording = readRecording('signatures');
const cases = drawSignatureCases(recording.seed).map((one) => ({
  ...one,
  recorded: recording.cases.find(({ id }) => id === one.id)!,
}));

/** As it lay in the registry, the index of the fallback tag included. */
const fill = (registry: FakeRegistry, name: string, { manifests, blobs, tags }: RecordedRepository): void => {
  for (const bytes of blobs) registry.pushBlob(name, Buffer.from(bytes, 'base64'));
  for (const { mediaType, bytes } of manifests) {
    registry.push(name, rawManifest(Buffer.from(bytes, 'base64'), mediaType));
  }
  for (const [tag, digest] of Object.entries(tags)) registry.tag(name, tag, digest);
};

describe('signatures that cosign made, honest and tampered with', () => {
  let folder: string;
  let registries: { readonly docker: FakeRegistry; readonly go: FakeRegistry };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'imagegate-replay-'));
    registries = {
      docker: await startFakeRegistry({ referrers: false }),
      go: await startFakeRegistry({ referrers: true }),
    };
    for (const { recorded, ...one } of cases) {
      fill(registries[one.registry], repositoryOf(one), recorded.repository);
    }
  });
  afterAll(async () => {
    await Promise.all([registries.docker.close(), registries.go.close()]);
    rmSync(folder, { recursive: true });
  });

  it('are the cases that the seed draws', () => {
    expect(recording.cases.map(({ id }) => id)).toEqual(cases.map(({ id }) => id));
    expect(cases.length).toBeGreaterThan(100);
  });

  it('are judged as they are: each good one is admitted, each other one refused', async () => {
    const verdicts = await imagegateVerdicts({
      folder,
      rows: Object.values(registries).map(({ host }) => ({
        host,
        plainHttp: true,
        allowPrivateAddress: true,
      })),
      keys: recording.keys,
      images: cases.map(
        ({ recorded, ...one }) => `${registries[one.registry].host}/${repositoryOf(one)}@${recorded.digest}`,
      ),
    });
    const told = cases.map((one, index) => [one.id, verdicts[index]!.allowed]);
    expect(told).toEqual(cases.map((one) => [one.id, isSigned(one)]));
    expect(told).toEqual(cases.map(({ recorded }) => [recorded.id, recorded.verdicts['imagegate']]));
  });

  it('are judged by cosign as by us, except where a reason stands', () => {
    const unexplained = cases.flatMap((one) =>
      (Object.keys(cosignWays) as CosignWay[])
        .filter((way) => one.recorded.verdicts[way] !== isSigned(one))
        .filter((way) => reasonFor(one, way, !isSigned(one)) === undefined)
        .map((way) => `${one.id}: ${way}`),
    );
    expect(unexplained).toEqual([]);
  });

  it.each(differences)('differ because $why', (row) => {
    const seen = cases.some((one) =>
      row.ways.some(
        (way) =>
          row.applies(one) && one.recorded.verdicts[way] === row.accepted && isSigned(one) !== row.accepted,
      ),
    );
    expect(seen).toBe(true);
  });
});
