import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Decision } from '../src/core/decision/decision.ts';
import { itemsOf } from './cli/decision-list.ts';
import { folderWith, imagegate, root } from './cli/imagegate.ts';
import { blocks, read } from './markdown.ts';

const expectedFinding = z
  .strictObject({ policy: z.string(), code: z.string(), path: z.string() })
  .partial()
  .refine((finding) => Object.keys(finding).length > 0, 'says nothing about the finding');
const scenarioSchema = z.strictObject({
  scenario: z.string().min(1),
  policies: z.array(z.union([z.string(), z.looseObject({ kind: z.literal('ImagePolicy') })])).min(1),
  namespaceLabels: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  cases: z
    .array(
      z.strictObject({
        case: z.string().min(1),
        object: z.looseObject({ apiVersion: z.string(), kind: z.string() }),
        expect: z.enum(['allowed', 'denied']),
        findings: z.array(expectedFinding).optional(),
      }),
    )
    .min(1),
});
type Scenario = z.infer<typeof scenarioSchema>;
type Finding = Decision['findings'][number];

const folder = join(root, 'examples', 'scenarios');

/** What the command says of each object, in the order of the cases. */
const decisionsOf = async ({ policies, namespaceLabels, cases }: Scenario): Promise<readonly Decision[]> => {
  const written = policies.filter((policy) => typeof policy !== 'string');
  const here = folderWith({
    'policies/written.yaml': written.map((policy) => stringify(policy)).join('---\n'),
    'labels.yaml': stringify(namespaceLabels),
  });
  const places = [
    ...policies.filter((policy) => typeof policy === 'string').map((path) => resolve(folder, path)),
    ...(written.length > 0 ? [join(here, 'policies')] : []),
  ];
  const flags = places.flatMap((place) => ['--policies', place]);
  const labels = Object.entries(namespaceLabels).map(([name, labelsOf]) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: labelsOf },
  }));
  const input = [...labels, ...cases.map(({ object }) => object)]
    .map((object) => JSON.stringify(object))
    .join('\n');
  return itemsOf(await imagegate(['check', 'manifest', ...flags, '-f', '-', '-o', 'json'], { input }));
};

const isExpected =
  (found: Finding) =>
  (wanted: Partial<Record<'policy' | 'code' | 'path', string | undefined>>): boolean =>
    Object.entries(wanted).every(([key, value]) => found[key as 'policy' | 'code' | 'path'] === value);

/** Findings that nobody expected, and expected ones that did not come. */
const differences = (found: readonly Finding[], wanted: Scenario['cases'][number]['findings'] = []) => ({
  unexpected: found.filter((finding) => !wanted.some(isExpected(finding))),
  missing: wanted.filter((one) => !found.some((finding) => isExpected(finding)(one))),
});

const scenarios = [
  ...readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') })),
  ...blocks(read('examples/scenarios/README.md'), 'yaml').map((text) => ({ name: 'README.md', text })),
].map(({ name, text }) => ({ name, ...scenarioSchema.parse(parse(text)) }));

describe.each(scenarios)('$name: $scenario', (scenario) => {
  const decisions = decisionsOf(scenario);
  decisions.catch(() => undefined);

  test('has one decision a case', async () => {
    expect(await decisions).toHaveLength(scenario.cases.length);
  });
  test.each(scenario.cases.map((one, at) => ({ ...one, at })))('$case', async (one) => {
    const decision = (await decisions)[one.at];
    expect(decision?.allowed ? 'allowed' : 'denied').toBe(one.expect);
    if (one.findings !== undefined)
      expect(differences(decision?.findings ?? [], one.findings)).toEqual({ unexpected: [], missing: [] });
  });
});

test('a finding that nobody expected, and one that does not come, fail a scenario', () => {
  const finding = { policy: 'p', check: 'tags', mode: 'Deny', code: 'tag-denied', message: 'm' } as const;
  expect(differences([finding], [{ code: 'tag-denied' }])).toEqual({ unexpected: [], missing: [] });
  expect(differences([finding], [])).toMatchObject({ unexpected: [finding] });
  expect(differences([], [{ code: 'tag-denied' }])).toMatchObject({ missing: [{ code: 'tag-denied' }] });
});
