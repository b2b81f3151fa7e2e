/** What signatures cost: images that nobody has looked at, signed by a key, beside the `cosign` process. */
import { spawnSync } from 'node:child_process';
import type { SignatureForm } from '../e2e/harness/cosign.ts';
import { installCosign } from '../e2e/harness/install-cosign.ts';
import type { BenchPlan } from './bench-plan.ts';
import type { Part } from './evidence-part.ts';
import type { Filled, RegistryOrders } from './evidence-registry.ts';
import {
  expectAll,
  numbers,
  policiesFor,
  rowsFor,
  send,
  startGate,
  writeReviews,
  type Gate,
} from './evidence-stage.ts';
import { median, pinnedProgram, print } from './processes.ts';

const path = '/validate?timeout=10s';
const pinnedName = ({ name, digest }: Filled): string => `${name}@${digest}`;

/** What is asked of an image, how it comes to the registry, and what cosign is asked to verify. */
interface Demand {
  readonly what: string;
  /** Part of the name of a repository. */
  readonly slug: string;
  readonly check: (pem: string) => object;
  readonly make: (registries: Part<RegistryOrders>, images: readonly string[]) => Promise<void>;
  readonly verify: readonly [command: string, ...flags: string[]];
}

const byKey = (pem: string) => ({ authorities: [{ name: 'release', key: { pem } }] });
const signedAs = (form: SignatureForm, what: string): Demand => ({
  what: `signature, ${what}`,
  slug: form,
  check: (pem) => ({ signature: byKey(pem) }),
  make: (registries, images) => registries.ask('sign', { images, form }),
  verify: ['verify'],
});
const demands: readonly Demand[] = [
  signedAs('tag', 'key, tag .sig (L1)'),
  signedAs('bundle', 'key, bundle'),
  {
    what: 'attestation, key, bundle, provenance and CEL over 200 dependencies',
    slug: 'attested',
    check: (pem) => ({
      attestation: {
        predicateType: 'slsaprovenance1',
        ...byKey(pem),
        provenance: { sources: ['https://git.example.com/bench/*'], refs: ['refs/tags/*'] },
        expression: 'predicate.buildDefinition.resolvedDependencies.all(d, d.digest.sha256.size() == 64)',
      },
    }),
    make: (registries, images) => registries.ask('attest', { images }),
    verify: ['verify-attestation', '--type', 'slsaprovenance1'],
  },
];

/** The fifty policies of the bench, one of which asks in mode Deny who signed or attested. */
const startSignedGate = (plan: BenchPlan, host: string, check: object): Promise<Gate> => {
  const [first, ...others] = policiesFor([host], false);
  const { spec, ...rest } = first as { spec: { checks: readonly object[] } };
  return startGate(plan, {
    policies: [{ ...rest, spec: { ...spec, checks: [...spec.checks, check] } }, ...others],
    registries: rowsFor([host]),
  });
};

/** One Pod after the other, each of a new image; the process of cosign verifies the same images. */
export const measureSignatureCold = async (
  plan: BenchPlan,
  registries: Part<RegistryOrders>,
): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const { pem, pemFile } = await registries.ask('makeKey', undefined);
  const warmUp = 20;
  const each = plan.quick ? 20 : 40;
  const cosign = installCosign(3);
  for (const { what, slug, check, make, verify } of demands) {
    const gate = await startSignedGate(plan, host, check(pem));
    const ours: number[] = [];
    const theirs: number[] = [];
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
      await make(registries, images.map(pinnedName));
      return images;
    };
    await review(await made(`signed-${slug}/warm-up`, warmUp));
    for (let round = 0; round < plan.rounds; round++) {
      const images = await made(`signed-${slug}/round-${round}`, each);
      ours.push(await review(images));
      const flags = [...verify, '--key', pemFile, '--insecure-ignore-tlog=true'];
      theirs.push(...images.slice(0, 10).map((image) => timeOf(cosign, [...flags, pinnedName(image)])));
    }
    await gate.stop();
    print({
      name: `cold ${what}, docker-registry on loopback, one Pod of one image`,
      value: median(ours),
      unit: 'ms',
      reference: {
        name: `\`cosign ${verify[0]}\` 3 of the same images, a process each`,
        value: median(theirs),
      },
      ratio: median(ours) / median(theirs),
      budget: '<= 0.6',
    });
  }
};

/** Milliseconds from start to end. @throws when it does not verify */
const timeOf = (cosign: string, args: readonly string[]): number => {
  const [command, all] = pinnedProgram(0, cosign, args);
  const began = performance.now();
  const { status, stderr } = spawnSync(command, all, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const time = performance.now() - began;
  if (status !== 0) throw new Error(`cosign ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
  return time;
};

const pods = 50;
/** Fifty Pods of one new signed image in one moment, as a rollout does it. */
export const measureSignatureBurst = async (
  plan: BenchPlan,
  registries: Part<RegistryOrders>,
): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const { pem } = await registries.ask('makeKey', undefined);
  const gate = await startSignedGate(plan, host, { signature: byKey(pem) });
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
