import {
  expectAll,
  pinnedName,
  podsOf,
  policiesFor,
  rowsFor,
  send,
  startEcho,
  startGate,
  writeReviews,
  type Gate,
} from './evidence-stage.ts';
import type { BenchPlan } from './bench-plan.ts';
import type { RegistryOrders } from './evidence-registry.ts';
import type { Part } from './evidence-part.ts';
import { median, print, type Server } from './processes.ts';

const path = '/validate?timeout=10s';
interface Contestant {
  readonly name: string;
  readonly server: Server;
  readonly path: string;
  readonly bodiesFile: string;
  readonly rates: number[];
}

const compete = async ({ rounds, seconds }: BenchPlan, all: readonly Contestant[]): Promise<void> => {
  for (const { server, path, bodiesFile } of all) await send(server, path, { bodiesFile, seconds: 3 });
  for (let round = 0; round < rounds; round++) {
    for (const { server, path, bodiesFile, rates } of all) {
      const result = expectAll(await send(server, path, { bodiesFile, seconds }), 'allowed');
      rates.push(result.rate);
    }
  }
};

/** Warm reviews: every image has been looked at before, now only the memory of the gate is asked. */
export const measureWarm = async (plan: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const images = await registries.ask('fill', { host, repository: 'shop/service', count: 200 });
  const digests = await writeReviews(plan, podsOf(images.map(pinnedName), 4, 2000));
  const tags = await writeReviews(
    plan,
    podsOf(
      images.map(({ name }) => name),
      4,
      2000,
    ),
  );
  const start = (image: boolean): Promise<Gate> =>
    startGate(plan, { policies: policiesFor([host], image), registries: rowsFor([host]) });
  const gate = await start(true);
  const plain = await start(false);
  const echo = await startEcho(gate.pem);
  const bare = { name: 'bare Node TLS echo', server: echo, path: '/', bodiesFile: digests, rates: [] };
  const reviews: readonly Contestant[] = [
    { name: 'without image facts', server: plain, path, bodiesFile: digests, rates: [] },
    { name: 'with image facts, by digest', server: gate, path, bodiesFile: digests, rates: [] },
    { name: 'with image facts, by tag', server: gate, path, bodiesFile: tags, rates: [] },
  ];
  await compete(plan, [bare, ...reviews]);
  for (const { name, rates } of reviews) {
    print({
      name: `warm reviews per second ${name}, 50 policies, four containers, 32 connections`,
      value: median(rates),
      unit: '1/s',
      reference: { name: bare.name, value: median(bare.rates) },
      ratio: median(rates.map((rate, round) => rate / (bare.rates[round] ?? 1))),
      ...(name.startsWith('without') ? {} : { budget: 'ratio >= 0.5' }),
    });
  }
  await Promise.all([echo.stop(), plain.stop(), gate.stop()]);
};
