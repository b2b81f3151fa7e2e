import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, folderWith, imagegate, root } from './imagegate.ts';
import { startGate } from './running-gate.ts';

const samplesOf = async (admin: string): Promise<readonly string[]> =>
  (await (await fetch(`${admin}/metrics`)).text())
    .split('\n')
    .filter((line) => line.startsWith('imagegate_advisories'));

test('serve follows advisories that a command puts in force, and tells which are old', async () => {
  const gate = await startGate(join(root, 'examples/policies/trusted-registries'));
  expect(await samplesOf(gate.admin)).toEqual([]);
  expect((await gate.readyz()).text).not.toContain('advisories');
  const cwd = folderWith();
  copyFileSync(join(root, 'test/fixtures/advisories/PyPI.zip'), join(cwd, 'PyPI.zip'));
  const put = (day: string) =>
    imagegate(['advisories', 'import', 'PyPI.zip', '--data', gate.data, '--as-of', day], { cwd });

  const ageOf = (samples: readonly string[]): number =>
    Number(/^imagegate_advisories_age_seconds\S* (\d+)/m.exec(samples.join('\n'))?.[1] ?? Infinity);
  const took: number[] = [];
  for (const day of ['2026-01-01', '2026-01-02', '2026-01-03']) {
    const before = ageOf(await samplesOf(gate.admin));
    expect((await put(day)).code).toBe(0);
    const swapped = performance.now();
    await eventually('the later advisories', async () =>
      ageOf(await samplesOf(gate.admin)) < before - 1000 ? true : undefined,
    );
    took.push(performance.now() - swapped);
  }
  // A busy machine may hold up one of them.
  expect(Math.min(...took)).toBeLessThan(2000);
  expect(await samplesOf(gate.admin)).toEqual([
    expect.stringMatching(/^imagegate_advisories\{feed="osv"\} \d+$/),
    expect.stringMatching(/^imagegate_advisories_age_seconds\{feed="osv"\} \d{7}/),
    expect.stringMatching(/^imagegate_advisories_newest_seconds\{feed="osv"\} \d+/),
  ]);
  const old = await gate.readyz();
  expect(old).toMatchObject({
    status: 200,
    text: expect.stringMatching(/advisories: trouble \(osv PyPI \d+ days old\)/),
  });

  expect((await put(new Date().toISOString().slice(0, 10))).code).toBe(0);
  await eventually('the later time', async () =>
    (await gate.readyz()).text.includes('advisories: ok (1 parts)') ? true : undefined,
  );
  writeFileSync(join(gate.data, 'advisories', 'generation.json'), '{');
  await eventually('the problem', async () =>
    (await gate.readyz()).text.includes('advisories: trouble (damaged: ') ? true : undefined,
  );
  expect((await samplesOf(gate.admin)).length).toBe(3);
  expect((await gate.stop()).stderr).toContain('the advisories cannot be used; the last good stay');
});
