/** What templates and constraints cost at the start, when one of them changes, and in the long run. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { objectOf, textOf, type JsonObject } from '../../src/core/text/json/json.ts';
import { readTemplate } from '../../src/languages/gatekeeper/constraint-template.ts';
import { createConstraintStore } from '../../src/languages/gatekeeper/set/constraint-store.ts';
import { constraintsDigest } from '../../src/serve/constraint-files.ts';
import { cpuTime } from '../fakes/cpu-time.ts';
import type { BenchPlan } from './bench-plan.ts';
import {
  forPods,
  libraryFolder,
  libraryOf,
  objectsOf,
  silentConstraints,
  startConstraintGate,
  validate,
  writeObedientPods,
  type TemplatesAndConstraints,
} from './constraint-stage.ts';
import { expectAll, numbers, send, type Gate } from './evidence-stage.ts';
import { median, print } from './processes.ts';
import { watchLoop } from './watch-loop.ts';

const templateCount = 49;
const constraintCount = 200;
const fromTo = (one: JsonObject, from: string, to: string): JsonObject =>
  objectOf(JSON.parse(JSON.stringify(one).replaceAll(from, to)));

/** As many as a large cluster has: the library, and copies of its templates under other names. */
const largeSet = (folder: string): TemplatesAndConstraints => {
  const library = libraryOf(folder);
  const { templates } = library;
  const copies = templates.slice(0, templateCount - templates.length).map((one) => {
    const kind = textOf(objectOf(objectOf(objectOf(objectOf(one['spec'])['crd'])['spec'])['names'])['kind']);
    const copy = fromTo(one, kind, `${kind}Copy`);
    return { ...copy, metadata: { ...objectOf(copy['metadata']), name: `${kind}copy`.toLowerCase() } };
  });
  const silent = silentConstraints(library, constraintCount - library.constraints.length);
  return { templates: [...templates, ...copies], constraints: [...library.constraints, ...silent] };
};

/** By processor time, so that a busy machine says the same. */
const measureReading = ({ templates }: TemplatesAndConstraints): void => {
  const read = (): readonly number[] =>
    templates.map((one) => {
      const before = cpuTime();
      if (!readTemplate(one, { hasInventory: false }).ok) throw new Error('a template cannot be read');
      return cpuTime() - before;
    });
  for (const when of ['first', 'again']) {
    const times = read();
    print({
      name: `read one template, its schema and its Rego, CPU time, ${when}`,
      value: times.reduce((sum, time) => sum + time, 0) / times.length,
      unit: 'ms',
      reference: { name: 'the slowest of them', value: Math.max(...times) },
      budget: '<= 2',
    });
  }
};

/** As the watch of a cluster brings it. */
const measureChange = ({ templates, constraints }: TemplatesAndConstraints): void => {
  const store = createConstraintStore({ hasInventory: false });
  store.replaceTemplates(templates);
  for (const one of constraints) store.putConstraint(textOf(one['kind']), one);
  store.set(constraintsDigest);
  const [first = {}] = templates;
  const before = new Map(store.templates().map(({ kind, inForce }) => [kind, inForce]));
  const times = numbers(5).map((round) => {
    const began = cpuTime();
    store.putTemplate(fromTo(first, 'violation[', `violation_${round} { false }\\n\\nviolation[`));
    store.set(constraintsDigest);
    return cpuTime() - began;
  });
  const compiled = store.templates().filter(({ kind, inForce }) => before.get(kind) !== inForce);
  print({
    name: `one of ${templates.length} templates changes in a cluster, CPU time of the event loop`,
    value: median(times),
    unit: 'ms',
    reference: { name: 'templates that were compiled', value: compiled.length },
    budget: '<= 20, one template',
  });
};

const idle = async (gate: Gate): Promise<number> => {
  await delay(2000);
  return gate.rss();
};

const measureStart = async (plan: BenchPlan, objects: readonly JsonObject[], name: string): Promise<void> => {
  const starts: Record<'bare' | 'full', number[]> = { bare: [], full: [] };
  const memory: Record<'bare' | 'full', number[]> = { bare: [], full: [] };
  for (let round = 0; round < plan.rounds; round++)
    for (const which of ['bare', 'full'] as const) {
      const gate = await startConstraintGate(plan, which === 'bare' ? [] : objects);
      starts[which].push(gate.startup);
      memory[which].push(await idle(gate));
      await gate.stop();
    }
  const more = (figures: typeof starts): number => median(figures.full) - median(figures.bare);
  print({
    name: `start-to-ready with ${name}: what it takes longer`,
    value: more(starts),
    unit: 'ms',
    reference: { name: 'without', value: median(starts.bare) },
    budget: '<= 250',
  });
  print({
    name: `rss-idle with ${name}: what it takes more`,
    value: more(memory),
    unit: 'MiB',
    reference: { name: 'without', value: median(memory.bare) },
    budget: '<= 40',
  });
};

/** A file is written anew under a gate that watches its own event loop. */
const measureFileChange = async (plan: BenchPlan, objects: readonly JsonObject[]): Promise<void> => {
  const loop = await watchLoop(plan);
  const gate = await startConstraintGate(plan, objects, { node: loop.node });
  await delay(3000);
  loop.begin(gate);
  const changed = join(gate.policies, 'policy-1.json');
  const text = await readFile(changed, 'utf8');
  await writeFile(changed, text.replace('violation[', 'violation_more { false }\\n\\nviolation['));
  await delay(3000);
  await gate.stop();
  const { longest, longestCpu } = await loop.report();
  print({
    name: `one of ${objects.length} files of a folder changes: the event loop held at a time, CPU time`,
    value: longestCpu,
    unit: 'ms',
    reference: { name: 'by the clock', value: longest },
    budget: '<= 20',
  });
};

export const measureConstraintLoad = async (plan: BenchPlan): Promise<void> => {
  const library = libraryFolder(plan, 'constraints-load');
  if (library === undefined) return;
  const set = largeSet(library);
  measureReading(set);
  measureChange(set);
  const name = `${set.templates.length} templates and ${set.constraints.length} constraints`;
  await measureStart(plan, objectsOf(set), name);
  await measureFileChange(plan, objectsOf(set));
};

/** A million evaluations: what a gate keeps of them. */
export const measureConstraintMemory = async (plan: BenchPlan): Promise<void> => {
  const folder = libraryFolder(plan, 'constraints-memory');
  if (folder === undefined) return;
  const { file } = await writeObedientPods(plan, 'openpolicyagent');
  const library = forPods(libraryOf(folder));
  const gate = await startConstraintGate(plan, objectsOf(library));
  const count = library.constraints.length;
  const evaluate = async (evaluations: number): Promise<number> => {
    const plan = { bodiesFile: file, requests: Math.ceil(evaluations / count), seconds: 600 };
    expectAll(await send(gate, validate, plan), 'allowed');
    return gate.rss();
  };
  const few = await evaluate(100_000);
  const many = await evaluate(900_000);
  print({
    name: 'rss after a million evaluations',
    value: many,
    unit: 'MiB',
    reference: { name: 'after 100,000', value: few },
    ratio: many / few,
    budget: 'ratio <= 1.2',
  });
  await gate.stop();
};
