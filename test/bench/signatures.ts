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
const forms = { tag: 'key, tag .sig (L1)', bundle: 'key, bundle' } as const satisfies Partial<
  Record<SignatureForm, string>
>;

const pinnedName = ({ name, digest }: Filled): string => `${name}@${digest}`;

/** The fifty policies of the bench, one of which asks in mode Deny who signed. */
const startSignedGate = (plan: BenchPlan, host: string, pem: string): Promise<Gate> => {
  const [first, ...others] = policiesFor([host], false);
  const { spec, ...rest } = first as { spec: { checks: readonly object[] } };
  const signature = { signature: { authorities: [{ name: 'release', key: { pem } }] } };
  return startGate(plan, {
    policies: [{ ...rest, spec: { ...spec, checks: [...spec.checks, signature] } }, ...others],
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
  for (const [form, what] of Object.entries(forms) as [keyof typeof forms, string][]) {
    const gate = await startSignedGate(plan, host, pem);
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
    const signed = async (repository: string, count: number): Promise<readonly Filled[]> => {
      const images = await registries.ask('fill', { host, repository, count });
      await registries.ask('sign', { images: images.map(pinnedName), form });
      return images;
    };
    await review(await signed(`signed-${form}/warm-up`, warmUp));
    for (let round = 0; round < plan.rounds; round++) {
      const images = await signed(`signed-${form}/round-${round}`, each);
      ours.push(await review(images));
      theirs.push(...images.slice(0, 10).map((image) => verifyTime(cosign, pemFile, pinnedName(image))));
    }
    await gate.stop();
    print({
      name: `cold signature, ${what}, docker-registry on loopback, one Pod of one image`,
      value: median(ours),
      unit: 'ms',
      reference: { name: '`cosign verify` 3 of the same images, a process each', value: median(theirs) },
      ratio: median(ours) / median(theirs),
      budget: '<= 0.6',
    });
  }
};

/** Milliseconds from start to end. @throws when it does not verify */
const verifyTime = (cosign: string, key: string, image: string): number => {
  const args = ['verify', '--key', key, '--insecure-ignore-tlog=true', image];
  const [command, all] = pinnedProgram(0, cosign, args);
  const began = performance.now();
  const { status, stderr } = spawnSync(command, all, { encoding: 'utf8' });
  const time = performance.now() - began;
  if (status !== 0) throw new Error(`cosign verify ${image} ended with ${String(status)}: ${stderr}`);
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
  const gate = await startSignedGate(plan, host, pem);
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
