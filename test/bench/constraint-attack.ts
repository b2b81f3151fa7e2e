/** A tenant sends the worst legal objects for the library's constraints in a loop: what everybody else notices of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectOf, type JsonObject } from '../../src/core/text/json/json.ts';
import type { BenchPlan } from './bench-plan.ts';
import {
  forPods,
  libraryFolder,
  libraryOf,
  startConstraintGate,
  validate,
  writeObedientPods,
} from './constraint-stage.ts';
import { expectAll, send } from './evidence-stage.ts';
import { print } from './processes.ts';
import { watchLoop } from './watch-loop.ts';
import { worstPodReview, worstPods } from './worst-constraint-objects.ts';

/** A tenant has as many connections as the API server opens for the requests of one. */
const connections = 4;

/** Some of the library speak of one namespace alone; here they speak of every one. */
const everywhere = (constraint: JsonObject): JsonObject => {
  const spec = objectOf(constraint['spec']);
  const { namespaces: _one, ...match } = objectOf(spec['match']);
  return { ...constraint, spec: { ...spec, match } };
};

export const measureConstraintAttack = async (plan: BenchPlan): Promise<void> => {
  const library = libraryFolder(plan, 'constraints-attack');
  if (library === undefined) return;
  const { templates, constraints } = forPods(libraryOf(library));
  const { file } = await writeObedientPods(plan, 'openpolicyagent');
  const { seconds } = plan;
  for (const [name, pod] of Object.entries(worstPods)) {
    const loop = await watchLoop(plan);
    const objects = [...templates, ...constraints.map(everywhere)];
    const gate = await startConstraintGate(plan, objects, { node: loop.node });
    const attack = join(plan.work, `worst-${name}.jsonl`);
    await writeFile(attack, worstPodReview(pod, 'hostile'));
    const calm = { bodiesFile: file, connections: 16, rate: 200, seconds };
    // Templates that V8 has not compiled yet are slow, and that is no matter of the attack.
    await send(gate, validate, { ...calm, seconds: 5 });
    const alone = await send(gate, validate, { ...calm, seconds: 2 });
    loop.begin(gate);
    const [worst, others] = await Promise.all([
      send(gate, validate, { bodiesFile: attack, connections, seconds }),
      send(gate, validate, calm),
    ]);
    await gate.stop();
    expectAll(worst, 'denied');
    expectAll(others, 'allowed');
    const { longest, longestCpu } = await loop.report();
    const what = `worst legal object for ${constraints.length} constraints, ${name}: ${pod.what}`;
    print({ name: `${what}: its review`, value: worst.p50, unit: 'ms' });
    print({
      name: `${what}: the event loop held at a time, CPU time`,
      value: longestCpu,
      unit: 'ms',
      reference: { name: 'by the clock', value: longest },
    });
    print({
      name: `${what}: p99 of ordinary reviews meanwhile`,
      value: others.p99,
      unit: 'ms',
      reference: { name: 'without it', value: alone.p99 },
      budget: '<= 250',
    });
  }
};
