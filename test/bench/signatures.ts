/** What signatures cost: images that nobody has looked at, by a key and keyless, beside others. */
import { spawnSync } from 'node:child_process';
import type { SignatureForm } from '../e2e/harness/cosign.ts';
import { installCosign } from '../e2e/harness/install-cosign.ts';
import { installSigstoreVerify } from '../e2e/harness/install-sigstore.ts';
import type { BenchPlan } from './bench-plan.ts';
import type { Part } from './evidence-part.ts';
import type { Filled, RegistryOrders } from './evidence-registry.ts';
import {
  expectAll,
  numbers,
  pinnedName,
  policiesDemanding,
  rowsFor,
  send,
  startGate,
  writeReviews,
  type Gate,
} from './evidence-stage.ts';
import { median, pinnedProgram, print } from './processes.ts';

const path = '/validate?timeout=10s';

/** The fifty policies of the bench, one of which asks in mode Deny who signed or attested. */
const startSignedGate = (
  plan: BenchPlan,
  host: string,
  check: object,
  roots: readonly object[] = [],
): Promise<Gate> =>
  startGate(plan, {
    policies: [...roots, ...policiesDemanding([host], [check])],
    registries: rowsFor([host]),
  });

const authorities = (authority: object) => ({ authorities: [{ name: 'release', ...authority }] });

/** What is asked of an image, how it comes to the registry, and how the programs of others are asked. */
interface Demand {
  readonly what: string;
  readonly make: (images: readonly string[]) => Promise<void>;
  readonly check: object;
  readonly roots?: readonly object[];
  readonly cosign: readonly [command: string, ...flags: string[]];
  /** Flags of the loop over sigstore-go, which knows bundles alone. */
  readonly sigstoreGo?: readonly string[];
}

const demandsOf = async (registries: Part<RegistryOrders>): Promise<readonly Demand[]> => {
  const { pem, pemFile } = await registries.ask('makeKey', undefined);
  const { trustedRoot, trustedRootFile, issuer, subject } = await registries.ask('openSigstore', undefined);
  const ofKey = authorities({ key: { pem } });
  const keyFlags = ['--key', pemFile, '--insecure-ignore-tlog=true'];
  const signedByKey = (form: SignatureForm): Pick<Demand, 'make' | 'check' | 'cosign'> => ({
    make: (images) => registries.ask('sign', { images, form }),
    check: { signature: ofKey },
    cosign: ['verify', ...keyFlags],
  });
  const root = {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'TrustRoot',
    metadata: { name: 'bench' },
    spec: { sigstore: { trustedRoot } },
  };
  return [
    { what: 'signature, key, tag .sig (L1)', ...signedByKey('tag') },
    { what: 'signature, key, bundle', ...signedByKey('bundle'), sigstoreGo: ['-key', pemFile] },
    {
      what: 'signature, keyless, bundle',
      make: (images) => registries.ask('signKeyless', { images }),
      check: {
        signature: authorities({
          keyless: { trustRoot: 'bench', identities: [{ issuer, subject }] },
          require: { logs: 1, timestamps: 1, sct: 1 },
        }),
      },
      roots: [root],
      cosign: [
        'verify',
        '--trusted-root',
        trustedRootFile,
        '--certificate-identity',
        subject,
        '--certificate-oidc-issuer',
        issuer,
      ],
      sigstoreGo: ['-trusted-root', trustedRootFile, '-identity', subject, '-issuer', issuer],
    },
    {
      what: 'attestation, key, bundle, provenance and CEL over 200 dependencies',
      make: (images) => registries.ask('attest', { images }),
      check: {
        attestation: {
          predicateType: 'slsaprovenance1',
          ...ofKey,
          provenance: { sources: ['https://git.example.com/bench/*'], refs: ['refs/tags/*'] },
          expression: 'predicate.buildDefinition.resolvedDependencies.all(d, d.digest.sha256.size() == 64)',
        },
      },
      cosign: ['verify-attestation', '--type', 'slsaprovenance1', ...keyFlags],
    },
  ];
};

/** One Pod after the other, each of a new image; others verify the same images. */
export const measureSignatureCold = async (
  plan: BenchPlan,
  registries: Part<RegistryOrders>,
): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const warmUp = 20;
  const each = plan.quick ? 20 : 40;
  const cosign = installCosign(3);
  for (const [at, { what, make, check, roots, ...others }] of (await demandsOf(registries)).entries()) {
    const gate = await startSignedGate(plan, host, check, roots);
    const ours: number[] = [];
    const theirs: number[] = [];
    const looped: number[] = [];
    const review = async (images: readonly Filled[]): Promise<number> => {
      const bodiesFile = await writeReviews(
        plan,
        images.map((image) => [pinnedName(image)]),
      );
      const one = { bodiesFile, connections: 1, requests: images.length };
      return expectAll(await send(gate, path, one), 'allowed').p50;
    };
    const made = async (repository: string, count: number): Promise<readonly Filled[]> => {
      const images = await registries.ask('fill', { host, repository, count });
      await make(images.map(pinnedName));
      return images;
    };
    await review(await made(`signed-${at}/warm-up`, warmUp));
    for (let round = 0; round < plan.rounds; round++) {
      const images = await made(`signed-${at}/round-${round}`, each);
      ours.push(await review(images));
      const names = images.map(pinnedName);
      theirs.push(...names.slice(0, 10).map((image) => processTime(cosign, others.cosign, image)));
      if (others.sigstoreGo !== undefined) looped.push(loopTime(others.sigstoreGo, names));
    }
    await gate.stop();
    const name = `cold ${what}, docker-registry on loopback, one Pod of one image`;
    print({
      name,
      value: median(ours),
      unit: 'ms',
      reference: {
        name: `\`cosign ${others.cosign[0]}\` 3 of the same images, a process each`,
        value: median(theirs),
      },
      ratio: median(ours) / median(theirs),
      budget: '<= 0.6',
    });
    if (looped.length === 0) continue;
    print({
      name,
      value: median(ours),
      unit: 'ms',
      reference: { name: 'a loop over sigstore-go, the same images', value: median(looped) },
      ratio: median(ours) / median(looped),
      budget: 'aim <= 2',
    });
  }
};

/** Milliseconds from start to end. @throws when it does not verify */
const processTime = (cosign: string, flags: readonly string[], image: string): number => {
  const [command, args] = pinnedProgram(0, cosign, [...flags, image]);
  const began = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const time = performance.now() - began;
  if (status !== 0) throw new Error(`cosign ${flags[0]} ${image} ended with ${String(status)}: ${stderr}`);
  return time;
};

/** Milliseconds an image, the first requests of the process aside. @throws when one does not verify */
const loopTime = (flags: readonly string[], images: readonly string[]): number => {
  const [command, args] = pinnedProgram(0, installSigstoreVerify(), flags);
  const { stdout } = spawnSync(command, args, { encoding: 'utf8', input: `${images.join('\n')}\n` });
  const answers = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { valid: boolean; why?: string; milliseconds: number });
  if (answers.length !== images.length || answers.some(({ valid }) => !valid))
    throw new Error(`sigstore-go: ${stdout.slice(0, 500)}`);
  return median(answers.slice(5).map(({ milliseconds }) => milliseconds));
};

const pods = 50;
/** Fifty Pods of one new signed image in one moment, as a rollout does it. */
export const measureSignatureBurst = async (
  plan: BenchPlan,
  registries: Part<RegistryOrders>,
): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const { pem } = await registries.ask('makeKey', undefined);
  const gate = await startSignedGate(plan, host, { signature: authorities({ key: { pem } }) });
  const last: number[] = [];
  const again: number[] = [];
  const asked: number[] = [];
  for (let round = 0; round < plan.rounds + 1; round++) {
    const repository = `signed-burst/round-${round}`;
    const [image] = await registries.ask('fill', { host, repository, count: 1 });
    await registries.ask('sign', { images: [pinnedName(image!)], form: 'bundle' });
    const before = await registries.ask('requests', { host, repository });
    const bodiesFile = await writeReviews(
      plan,
      numbers(pods).map(() => [pinnedName(image!)]),
    );
    const burst = { bodiesFile, connections: pods, requests: pods };
    const first = expectAll(await send(gate, path, burst), 'allowed').max;
    const after = await registries.ask('requests', { host, repository });
    // The first one starts the workers.
    if (round === 0) continue;
    last.push(first);
    again.push(expectAll(await send(gate, path, burst), 'allowed').max);
    asked.push(after.total - before.total);
  }
  await gate.stop();
  const what = `${pods} Pods of one new signed image at once`;
  print({ name: `${what}, registry requests`, value: Math.max(...asked), unit: '1', budget: '<= 8' });
  print({
    name: `${what}, last answer`,
    value: median(last),
    unit: 'ms',
    reference: { name: 'the same Pods again, nothing to ask', value: median(again) },
    ratio: median(last) / median(again),
    budget: '<= 400',
  });
};
