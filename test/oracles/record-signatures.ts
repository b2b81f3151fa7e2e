import { join } from 'node:path';
import { createCosign, type Cosign } from '../e2e/harness/cosign.ts';
import { startDockerRegistry } from '../e2e/harness/docker-registry.ts';
import { startGoRegistry } from '../e2e/harness/go-registry.ts';
import { cosignVersion } from '../e2e/harness/install-cosign.ts';
import type { RunningRegistry } from '../e2e/harness/registry-process.ts';
import { cosignWays, reasonFor, type CosignWay } from './differences.ts';
import { imagegateVerdicts } from './imagegate-verdicts.ts';
import { copyRepository, openRepository } from './live-repository.ts';
import { repositoryOf, writeRecording, type RecordedCase } from './recording.ts';
import { drawSignatureCases, isSigned, type SignatureCase } from './signature-cases.ts';
import { layOut, makeKeys, type SignatureStage } from './signature-stage.ts';

export interface Recorder {
  readonly folder: string;
  readonly seed: number;
  readonly write: boolean;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** @returns how many cases somebody has to look at */
export const recordSignatures = async ({ folder, seed, write }: Recorder): Promise<number> => {
  const cosigns = { 2: createCosign(2, { folder }), 3: createCosign(3, { folder }) };
  const docker = await startDockerRegistry();
  const go = await startGoRegistry();
  try {
    const stage = { registries: { docker, go }, cosigns, keys: await makeKeys(cosigns[3]) };
    const cases = drawSignatureCases(seed);
    const laidOut: LaidOut[] = [];
    for (const one of cases) laidOut.push({ one, digest: (await layOut(stage, one)).digest });
    const keys = Object.fromEntries(
      Object.entries(stage.keys).map(([type, { release }]) => [type, release.pem]),
    );
    const ours = await imagegateVerdicts({
      folder,
      rows: [docker, go].map(({ host }) => ({ host, plainHttp: true, allowPrivateAddress: true })),
      keys,
      images: laidOut.map((made) => referenceOf(stage.registries, made)),
    });
    const emptyRoot = await makeEmptyRoot(cosigns[3], folder);
    const recorded: RecordedCase[] = [];
    let failures = 0;
    for (const [index, made] of laidOut.entries()) {
      const { one, digest } = made;
      const { allowed, codes } = ours[index]!;
      const theirs = await askCosign(stage, made, emptyRoot);
      const problems = judge(one, allowed, theirs);
      failures += problems.length;
      for (const problem of problems) say(`${one.id}: ${problem} (${codes.join(', ') || 'allowed'})`);
      const live = openRepository(stage.registries[one.registry].url, repositoryOf(one));
      const repository = await copyRepository(live, digest);
      recorded.push({ id: one.id, digest, repository, verdicts: { ...theirs, imagegate: allowed } });
    }
    if (write && failures === 0) {
      writeRecording('signatures', {
        command: `npm run oracles -- --seed ${seed}`,
        seed,
        versions: { cosign2: cosignVersion(2), cosign3: cosignVersion(3) },
        keys,
        cases: recorded,
      });
    }
    say(`signatures: ${cases.length} cases, ${failures} unexplained`);
    return failures;
  } finally {
    await Promise.all([docker.stop(), go.stop()]);
  }
};

interface LaidOut {
  readonly one: SignatureCase;
  readonly digest: string;
}

const referenceOf = (
  registries: Readonly<Record<string, RunningRegistry>>,
  { one, digest }: LaidOut,
): string => `${registries[one.registry]!.host}/${repositoryOf(one)}@${digest}`;

/** Bundles are verified by cosign 2 only beside a root, even if nothing in it is needed. */
const makeEmptyRoot = async (cosign: Cosign, folder: string): Promise<string> => {
  const file = join(folder, 'empty-root.json');
  await cosign.must(['trusted-root', 'create', '--out', file]);
  return file;
};

const askCosign = async (
  stage: SignatureStage,
  made: LaidOut,
  emptyRoot: string,
): Promise<Record<CosignWay, boolean>> => {
  const { pemFile } = stage.keys[made.one.key].release;
  const verdicts: Partial<Record<CosignWay, boolean>> = {};
  for (const [way, { major, args }] of Object.entries(cosignWays)) {
    const { code } = await stage.cosigns[major].run([
      'verify',
      '--key',
      pemFile,
      '--insecure-ignore-tlog=true',
      ...(major === 2 ? ['--trusted-root', emptyRoot] : []),
      ...args(made.one.key),
      referenceOf(stage.registries, made),
    ]);
    verdicts[way as CosignWay] = code === 0;
  }
  return verdicts as Record<CosignWay, boolean>;
};

const judge = (
  one: SignatureCase,
  allowed: boolean,
  theirs: Readonly<Record<CosignWay, boolean>>,
): readonly string[] => {
  const wrong =
    allowed === isSigned(one) ? [] : [`we say ${allowed ? 'allowed' : 'refused'}, and it is not so`];
  const differing = (Object.entries(theirs) as [CosignWay, boolean][]).filter(
    ([way, accepted]) => accepted !== isSigned(one) && reasonFor(one, way, accepted) === undefined,
  );
  return [...wrong, ...differing.map(([way, accepted]) => `${way} ${accepted ? 'accepts' : 'refuses'} it`)];
};
