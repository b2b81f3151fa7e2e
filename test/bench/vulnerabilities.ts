/** What advisories cost: compiled, on disk, matched, held by the server, and asked in warm reviews. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Package } from '../../src/core/vulnerability/package.ts';
import type { AdvisoryOrders, FeedZip } from './advisory-worker.ts';
import type { BenchPlan } from './bench-plan.ts';
import { startPart, withPart, type Part } from './evidence-part.ts';
import { numbers, policiesDemanding, startGate, type Gate } from './evidence-stage.ts';
import { median, print } from './processes.ts';

const workerScript = new URL('advisory-worker.ts', import.meta.url);
const startWorker = (): Part<AdvisoryOrders> => startPart(0, workerScript);
export const withWorker = withPart<AdvisoryOrders>(workerScript);

/** The ecosystems that stand in a folder as OSV publishes them. */
const ecosystemsIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

export interface Feeds {
  readonly zips: readonly (readonly FeedZip[])[];
  readonly records: number;
}
/** Feeds: the published one, and others of the same records about other packages. */
export const writeFeeds = (work: string, from: string, count: number): Promise<Feeds> =>
  withWorker(async (worker) => {
    const ecosystems = ecosystemsIn(from);
    if (ecosystems.length === 0) throw new Error(`${from}: no <ECOSYSTEM>/all.zip`);
    const zips: FeedZip[][] = [];
    let records = 0;
    for (const number of numbers(count)) {
      const feed = `feed-${String(number)}`;
      const to = join(work, 'feeds', feed);
      records += await worker.ask('writeFeed', { from, to, ecosystems, number });
      zips.push(ecosystems.map((ecosystem) => ({ feed, ecosystem, path: join(to, ecosystem, 'all.zip') })));
    }
    return { zips, records };
  });

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Feed after feed, as they arrive; bare reading of the same zips by turns. @returns the folder */
const measureCompile = async (work: string, { zips, records }: Feeds): Promise<string> => {
  const folder = join(work, 'generation');
  const reader = startWorker();
  const compiler = startWorker();
  const bare: number[] = [];
  const compiled: number[] = [];
  const put: number[] = [];
  for (const feed of zips) {
    bare.push(await reader.ask('inflate', feed));
    const times = await compiler.ask('compile', { zips: feed, folder });
    compiled.push(times.compiled);
    put.push(times.put);
  }
  const peak = await compiler.ask('peak', undefined);
  await Promise.all([reader.stop(), compiler.stop()]);
  const what = `${String(records)} advisories in ${String(zips.flat().length)} parts of ${String(zips.length)} feeds`;
  print({
    name: `${what}, compiled, CPU time`,
    value: sum(compiled),
    unit: 'ms',
    reference: { name: 'inflating and parsing the same zips', value: sum(bare) },
    ratio: sum(compiled) / sum(bare),
    budget: 'ratio <= 2',
  });
  // Each time all others are read and compared with their digests, as by the command and by the server.
  print({ name: `${what}, put in force feed after feed, CPU time`, value: sum(put), unit: 'ms' });
  print({ name: `${what}, peak memory`, value: peak, unit: 'MiB', budget: '<= 512' });
  print({ name: `${what}, on disk`, value: bytesIn(folder) / 2 ** 20, unit: 'MiB', budget: '<= 250' });
  await measureChange(folder, zips.flat(), sum(compiled) + sum(put));
  return folder;
};

/** The largest part of a feed again, with other names in it. */
const measureChange = async (folder: string, zips: readonly FeedZip[], whole: number): Promise<void> => {
  const sizeOf = ({ path }: FeedZip): number => statSync(path).size;
  const [first] = zips
    .filter(({ feed }) => feed === 'feed-1')
    .sort((one, other) => sizeOf(other) - sizeOf(one));
  const other = zips.find(({ feed, ecosystem }) => feed === 'feed-2' && ecosystem === first?.ecosystem);
  if (first === undefined || other === undefined) throw new Error('no part to change');
  const { compiled, put } = await withWorker((worker) =>
    worker.ask('compile', { zips: [{ ...first, path: other.path }], folder }),
  );
  const time = compiled + put;
  // Back again: two feeds must not share a part when the generation is matched.
  await withWorker((worker) => worker.ask('compile', { zips: [first], folder }));
  print({
    name: `one of ${String(zips.length)} parts changed (${first.ecosystem}), CPU time`,
    value: time,
    unit: 'ms',
    reference: { name: 'all of them', value: whole },
    ratio: time / whole,
    // Of four feeds, as `--quick` has them, it is more.
    ...(new Set(zips.map(({ feed }) => feed)).size < 20 ? {} : { budget: 'ratio <= 0.1' }),
  });
};

/** Some packages, one in five of which advisories speak of. */
export const packagesFrom = (known: readonly Package[], count: number, list: number): readonly Package[] =>
  numbers(count).map((at) => {
    const found = known[(list * 7919 + at * 104_729) % known.length];
    if (found === undefined) throw new Error('no advisory names a fix');
    return at % 5 === 0 ? found : { ...found, name: `${found.name}-unknown` };
  });

const measureMatch = async (plan: BenchPlan, folder: string, known: readonly Package[]): Promise<void> => {
  const lists = numbers(200).map((list) => packagesFrom(known, 500, list));
  const first: number[] = [];
  const warm: number[] = [];
  const held: number[] = [];
  let matches = 0;
  for (const round of numbers(plan.rounds))
    await withWorker(async (worker) => {
      held.push((await worker.ask('load', folder)).held);
      const found = await worker.ask('match', [...lists.slice(round), ...lists.slice(0, round)]);
      first.push(found.times[0] ?? 0);
      warm.push(median(found.times));
      matches = found.matches / lists.length;
    });
  const what = `500 packages matched, ${matches.toFixed(0)} matches, CPU time of the thread`;
  print({ name: `${what}, median`, value: median(warm), unit: 'ms', budget: '<= 5' });
  print({ name: `${what}, first of the process`, value: median(first), unit: 'ms', budget: '<= 25' });
  print({ name: 'a swap holds the thread to join the parts', value: median(held), unit: 'ms' });
};

/** A check under which everything is counted, and nothing refused. */
export const countAll = {
  max: { critical: 100_000, high: 100_000, medium: 100_000, low: 100_000 },
  unscanned: 'Deny',
  gaps: 'Deny',
};

/** Start and memory of the server with the generation in force. */
const measureServer = async (plan: BenchPlan, folder: string): Promise<void> => {
  const start = (advisories?: string): Promise<Gate> =>
    startGate(plan, {
      policies: policiesDemanding(['registry.example.com'], [{ vulnerabilities: countAll }]),
      registries: [],
      ...(advisories !== undefined && { advisories }),
    });
  await measureStart(plan, start, folder);
};

const measureStart = async (
  { rounds }: BenchPlan,
  start: (advisories?: string) => Promise<Gate>,
  folder: string,
): Promise<void> => {
  const times = { bare: [] as number[], ours: [] as number[] };
  const sizes = { bare: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds; round++)
    for (const [which, advisories] of [
      ['bare', undefined],
      ['ours', folder],
    ] as const) {
      const gate = await start(advisories);
      times[which].push(gate.startup);
      await sleep(1500);
      sizes[which].push(gate.rss());
      await gate.stop();
    }
  print({
    name: 'start-to-ready with the advisories in force',
    value: median(times.ours),
    unit: 'ms',
    reference: { name: 'without any', value: median(times.bare) },
    ratio: median(times.ours) / median(times.bare),
    budget: '<= 700',
  });
  print({
    name: 'rss-idle with the advisories in force',
    value: median(sizes.ours),
    unit: 'MiB',
    reference: { name: 'without any', value: median(sizes.bare) },
    ratio: median(sizes.ours) / median(sizes.bare),
    budget: '<= 150',
  });
};

/** No advisory comes with this program: without a folder of them nothing can be measured, which is said. */
export const measureVulnerabilities = async (plan: BenchPlan): Promise<void> => {
  if (plan.advisories === undefined) {
    process.stderr.write(
      'vulnerabilities: not measured, no advisories were given; say --advisories DIR (<ECOSYSTEM>/all.zip as OSV publishes it)\n',
    );
    return;
  }
  const work = join(plan.work, 'vulnerabilities');
  mkdirSync(work);
  const feeds = await writeFeeds(work, plan.advisories, plan.quick ? 4 : 20);
  const known = await withWorker((worker) => worker.ask('packages', feeds.zips[0] ?? []));
  const folder = await measureCompile(work, feeds);
  await measureMatch(plan, folder, known);
  await measureServer(plan, folder);
};
