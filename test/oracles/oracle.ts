import type { RunningRegistry } from '../e2e/harness/registry-process.ts';
import { imagegateVerdicts, rowOf } from './imagegate-verdicts.ts';
import { copyRepository, openRepository } from './live-repository.ts';
import { writeRecording, type RecordedCase } from './recording.ts';

/** docker-registry has no Referrers API, go-containerregistry's registry has it. */
export const registryNames = ['docker', 'go'] as const;
export type RegistryName = (typeof registryNames)[number];
export type Registries = Readonly<Record<RegistryName, RunningRegistry>>;

/** What lies in a registry about one image, and whether the image is one that may run. */
export interface OracleCase {
  readonly id: string;
  readonly registry: RegistryName;
  readonly repository: string;
  readonly good: boolean;
}

/** Where another program may judge otherwise than we do, and why. */
export interface Difference<C extends OracleCase> {
  readonly why: string;
  /** Ways to ask. */
  readonly ways: readonly string[];
  /** What the other program says where it differs from us. */
  readonly accepted: boolean;
  readonly applies: (one: C) => boolean;
}

/** Cases, other people's programs that judge them, and where they may differ from us. */
export interface Oracle<C extends OracleCase> {
  /** Of the recording. */
  readonly name: string;
  readonly cases: readonly C[];
  /** Puts into the registry what a case is about. @returns the image */
  readonly layOut: (one: C) => Promise<{ readonly digest: string }>;
  /** Whether the other program accepts the image. */
  readonly ways: Readonly<Record<string, (one: C, reference: string) => Promise<boolean>>>;
  readonly differences: readonly Difference<C>[];
  /** Public keys and roots by name: with them our policies are made, now and when the recording is replayed. */
  readonly material: Readonly<Record<string, string>>;
  readonly policies: (material: Readonly<Record<string, string>>) => readonly object[];
  readonly versions: Readonly<Record<string, string>>;
}

export interface Comparison {
  readonly folder: string;
  readonly registries: Registries;
  readonly seed: number;
  readonly write: boolean;
}

export const reasonFor = <C extends OracleCase>(
  differences: readonly Difference<C>[],
  one: C,
  way: string,
  accepted: boolean,
): string | undefined =>
  differences.find((row) => row.accepted === accepted && row.ways.includes(way) && row.applies(one))?.why;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Asks everybody about every case, and records it all. @returns how many cases somebody has to look at */
export const compare = async <C extends OracleCase>(
  oracle: Oracle<C>,
  { folder, registries, seed, write }: Comparison,
): Promise<number> => {
  const { name, cases, material, versions } = oracle;
  const digests: string[] = [];
  for (const one of cases) digests.push((await oracle.layOut(one)).digest);
  const referenceOf = (one: C, index: number): string =>
    `${registries[one.registry].host}/${one.repository}@${digests[index]!}`;
  const ours = await imagegateVerdicts({
    folder,
    rows: Object.values(registries).map(rowOf),
    policies: oracle.policies(material),
    images: cases.map(referenceOf),
  });
  const recorded: RecordedCase[] = [];
  let failures = 0;
  for (const [index, one] of cases.entries()) {
    const { allowed, codes } = ours[index]!;
    const theirs: Record<string, boolean> = {};
    for (const [way, ask] of Object.entries(oracle.ways))
      theirs[way] = await ask(one, referenceOf(one, index));
    const problems = problemsOf(oracle, one, allowed, theirs);
    failures += problems.length;
    for (const problem of problems) say(`${one.id}: ${problem} (${codes.join(', ') || 'allowed'})`);
    const live = openRepository(registries[one.registry].url, one.repository);
    const repository = await copyRepository(live, digests[index]!);
    const verdicts = { ...theirs, imagegate: allowed };
    recorded.push({ id: one.id, digest: digests[index]!, repository, verdicts, codes: [...codes] });
  }
  if (write && failures === 0) {
    const command = `npm run oracles -- --seed ${seed}`;
    writeRecording(name, { command, seed, versions, material, cases: recorded });
  }
  say(`${name}: ${cases.length} cases, ${failures} unexplained`);
  return failures;
};

const problemsOf = <C extends OracleCase>(
  { differences }: Oracle<C>,
  one: C,
  allowed: boolean,
  theirs: Readonly<Record<string, boolean>>,
): readonly string[] => {
  const wrong = allowed === one.good ? [] : [`we say ${allowed ? 'allowed' : 'refused'}, and it is not so`];
  const differing = Object.entries(theirs).filter(
    ([way, accepted]) => accepted !== one.good && reasonFor(differences, one, way, accepted) === undefined,
  );
  return [...wrong, ...differing.map(([way, accepted]) => `${way} ${accepted ? 'accepts' : 'refuses'} it`)];
};
