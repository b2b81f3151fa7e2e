/** Reviews that no registry is asked for: each figure of the built server beside its budget. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlan } from './bench-plan.ts';
import type { LoadResult } from './load.ts';
import { measureCheck } from './measure-check.ts';
import { load, median, print, startServer, type Server } from './processes.ts';
import { imagesOf, podReview } from './review-body.ts';

const bin = new URL('../../bin/imagegate.mjs', import.meta.url).pathname;
const echoServer = new URL('echo-server.ts', import.meta.url).pathname;
const validate = '/validate?timeout=10s';

/** Policies as a platform team has them: some for every namespace, most for the namespace of one team. */
const writePolicies = async (work: string, count: number): Promise<string> => {
  const dir = join(work, `policies-${count}`);
  await mkdir(dir);
  for (let index = 0; index < count; index++) {
    const everywhere = index < 5;
    const policy = {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: `policy-${index}` },
      spec: {
        mode: index % 3 === 0 ? 'Deny' : 'Audit',
        match: { namespaces: { include: [everywhere ? '*' : `team-${index % 20}`] } },
        checks: [
          {
            registries: {
              allow: ['registry.example.com/**', 'quay.io/prometheus/*'],
              platform: ['cr.l5d.io/linkerd/*'],
              deny: ['docker.io/library/*'],
            },
          },
          { tags: { deny: ['latest', 'dev-*'] } },
        ],
      },
    };
    await writeFile(join(dir, `policy-${index}.json`), JSON.stringify(policy));
  }
  return dir;
};

const writeBodies = async (work: string): Promise<{ file: string; bytes: number }> => {
  const file = join(work, 'reviews.jsonl');
  const bodies = Array.from({ length: 2000 }, (_, index) =>
    podReview(index, { namespace: `team-${index % 20}`, images: imagesOf(index) }),
  );
  await writeFile(file, bodies.join('\n'));
  return { file, bytes: Buffer.byteLength(bodies[0] ?? '') };
};

/** What the measurements share. */
interface Stage {
  readonly plan: BenchPlan;
  /** Of one review. */
  readonly bytes: number;
  readonly fifty: string;
  readonly startGate: (policies: string) => Promise<Server>;
  /** The `--data` of the gate that was started last. */
  readonly dataFolder: () => string;
  readonly full: (
    server: Server,
    path: string,
    more?: { readonly requests?: number; readonly seconds?: number; readonly rate?: number },
  ) => Promise<LoadResult>;
}

const openStage = async (plan: BenchPlan): Promise<Stage> => {
  const { work, seconds } = plan;
  const { file: bodiesFile, bytes } = await writeBodies(work);
  let serial = 0;
  const dataFolder = (): string => join(work, `data-${serial}`);
  return {
    plan,
    bytes,
    fifty: await writePolicies(work, 50),
    dataFolder,
    startGate: (policies) => {
      serial++;
      const files = ['--policies', policies, '--data', dataFolder()];
      const addresses = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
      return startServer([bin, 'serve', ...files, ...addresses]);
    },
    full: (server, path, more = {}) =>
      load({
        port: server.port,
        path,
        bodiesFile,
        connections: 32,
        requests: more.requests ?? 10_000_000,
        seconds: more.seconds ?? seconds,
        rate: more.rate ?? 0,
      }),
  };
};

const measureStart = async ({ startGate, fifty }: Stage): Promise<void> => {
  const startups: number[] = [];
  for (let round = 0; round < 5; round++) {
    const server = await startGate(fifty);
    startups.push(server.startup);
    await server.stop();
  }
  print({ name: 'start-to-ready', value: median(startups), unit: 'ms', budget: '<= 700' });
};

const measureRate = async (
  { full, plan: { rounds }, bytes }: Stage,
  gate: Server,
  echo: Server,
): Promise<void> => {
  await full(echo, '/', { seconds: 2 });
  await full(gate, validate, { seconds: 3 });
  const echoRates: number[] = [];
  const gateRates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    echoRates.push((await full(echo, '/')).rate);
    const result = await full(gate, validate);
    if (result.errors > 0 || result.denied > 0) throw new Error(`wrong answers: ${JSON.stringify(result)}`);
    gateRates.push(result.rate);
  }
  const ratios = gateRates.map((rate, index) => rate / (echoRates[index] ?? 1));
  print({
    name: `reviews-per-second, 50 policies, record on, ${bytes} bytes, 32 connections`,
    value: median(gateRates),
    unit: '1/s',
    reference: { name: 'bare Node TLS echo', value: median(echoRates) },
    ratio: median(ratios),
    budget: 'ratio >= 0.6',
  });
};

const beside = (name: string, ours: readonly number[], bare: readonly number[], budget?: string): void =>
  print({
    name,
    value: median(ours),
    unit: 'ms',
    reference: { name: 'bare Node TLS echo', value: median(bare) },
    ratio: median(ours) / median(bare),
    ...(budget === undefined ? {} : { budget }),
  });

/** In turn, a few seconds each: what another process on the machine takes is taken from both. */
const measureLatency = async (
  { full, plan: { rounds, seconds } }: Stage,
  gate: Server,
  echo: Server,
): Promise<void> => {
  const steady: { p50: number[]; p99: number[]; echo50: number[]; echo99: number[] } = {
    p50: [],
    p99: [],
    echo50: [],
    echo99: [],
  };
  for (let round = 0; round < rounds; round++) {
    const bare = await full(echo, '/', { rate: 1000, seconds });
    const ours = await full(gate, validate, { rate: 1000, seconds });
    steady.echo50.push(bare.p50);
    steady.echo99.push(bare.p99);
    steady.p50.push(ours.p50);
    steady.p99.push(ours.p99);
  }
  beside('latency-p50 at 1,000/s', steady.p50, steady.echo50);
  beside('latency-p99 at 1,000/s', steady.p99, steady.echo99, '<= 10');
};

const measureManyPolicies = async (
  { full, startGate, plan: { rounds, work } }: Stage,
  gate: Server,
): Promise<void> => {
  const many = await startGate(await writePolicies(work, 500));
  await full(many, validate, { seconds: 3 });
  const fewTimes: number[] = [];
  const manyTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    fewTimes.push(1e6 / (await full(gate, validate)).rate);
    manyTimes.push(1e6 / (await full(many, validate)).rate);
  }
  print({
    name: 'time per review, 500 policies',
    value: median(manyTimes),
    unit: 'us',
    reference: { name: '50 policies', value: median(fewTimes) },
    ratio: median(manyTimes.map((time, index) => time / (fewTimes[index] ?? 1))),
    budget: 'ratio < 2',
  });
  await many.stop();
};

const measureSoak = async ({ full, startGate, fifty, plan: { quick } }: Stage): Promise<void> => {
  const soak = await startGate(fifty);
  const scale = quick ? 0.1 : 1;
  await full(soak, validate, { requests: 100_000 * scale, seconds: 300 });
  const early = soak.rss();
  await full(soak, validate, { requests: 900_000 * scale, seconds: 600 });
  print({
    name: `rss after ${1_000_000 * scale} reviews`,
    value: soak.rss(),
    unit: 'MiB',
    reference: { name: `after ${100_000 * scale}`, value: early },
    ratio: soak.rss() / early,
    budget: 'ratio <= 1.2',
  });
  await soak.stop();
};

/** Start, memory, rate and latency of reviews that texts alone decide, then `check manifest`. */
export const measureReviews = async (plan: BenchPlan): Promise<void> => {
  const stage = await openStage(plan);
  const { startGate, dataFolder, fifty } = stage;
  await measureStart(stage);
  const gate = await startGate(fifty);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  print({ name: 'rss-idle', value: gate.rss(), unit: 'MiB', budget: '<= 150' });
  const pem = join(dataFolder(), 'tls', 'server.pem');
  const echo = await startServer([echoServer, pem, pem]);
  await measureRate(stage, gate, echo);
  await measureLatency(stage, gate, echo);
  await measureManyPolicies(stage, gate);
  await echo.stop();
  await gate.stop();
  await measureSoak(stage);
  await measureCheck(plan.work, fifty);
};
