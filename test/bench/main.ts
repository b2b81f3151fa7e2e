/** `npm run bench`: the budgets of DESIGN section 6 against the built server, each beside its reference in the same run. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureCheck } from './measure-check.ts';
import { load, median, print, startServer } from './processes.ts';
import type { Server } from './processes.ts';
import { imagesOf, podReview } from './review-body.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 2 : 5;
const seconds = quick ? 2 : 5;
const work = await mkdtemp(join(tmpdir(), 'imagegate-bench-'));
const bin = new URL('../../bin/imagegate.mjs', import.meta.url).pathname;
const echoServer = new URL('echo-server.ts', import.meta.url).pathname;

/** Policies as a platform team has them: some for every namespace, most for the namespace of one team. */
const writePolicies = async (count: number): Promise<string> => {
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

const writeBodies = async (): Promise<{ file: string; bytes: number }> => {
  const file = join(work, 'reviews.jsonl');
  const bodies = Array.from({ length: 2000 }, (_, index) =>
    podReview(index, { namespace: `team-${index % 20}`, images: imagesOf(index) }),
  );
  await writeFile(file, bodies.join('\n'));
  return { file, bytes: Buffer.byteLength(bodies[0] ?? '') };
};

let serial = 0;
const startGate = (policies: string): Promise<Server> => {
  const data = join(work, `data-${serial++}`);
  return startServer([
    bin,
    'serve',
    '--policies',
    policies,
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
  ]);
};

const { file: bodiesFile, bytes } = await writeBodies();
const fifty = await writePolicies(50);
const fiveHundred = await writePolicies(500);
const full = (
  server: Server,
  path: string,
  more: { requests?: number; seconds?: number; rate?: number } = {},
) =>
  load({
    port: server.port,
    path,
    bodiesFile,
    connections: 32,
    requests: more.requests ?? 10_000_000,
    seconds: more.seconds ?? seconds,
    rate: more.rate ?? 0,
  });
const validate = '/validate?timeout=10s';

const startups: number[] = [];
for (let round = 0; round < 5; round++) {
  const server = await startGate(fifty);
  startups.push(server.startup);
  await server.stop();
}
print({ name: 'start-to-ready', value: median(startups), unit: 'ms', budget: '<= 700' });

const gate = await startGate(fifty);
await new Promise((resolve) => setTimeout(resolve, 1500));
print({ name: 'rss-idle', value: gate.rss(), unit: 'MiB', budget: '<= 150' });
const tls = join(work, `data-${serial - 1}`, 'tls');
const echo = await startServer([echoServer, join(tls, 'server.pem'), join(tls, 'server.pem')]);

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

// In turn, a few seconds each: what another process on the machine takes is taken from both.
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
const beside = (name: string, ours: readonly number[], bare: readonly number[], budget?: string): void =>
  print({
    name,
    value: median(ours),
    unit: 'ms',
    reference: { name: 'bare Node TLS echo', value: median(bare) },
    ratio: median(ours) / median(bare),
    ...(budget === undefined ? {} : { budget }),
  });
beside('latency-p50 at 1,000/s', steady.p50, steady.echo50);
beside('latency-p99 at 1,000/s', steady.p99, steady.echo99, '<= 10');

const many = await startGate(fiveHundred);
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
await echo.stop();
await gate.stop();

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

await measureCheck(work, fifty);
await rm(work, { recursive: true, force: true });
