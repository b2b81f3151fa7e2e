import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { osvZip } from '../../fakes/advisories.ts';
import type { Gate } from './gate.ts';
import { imagegate } from './imagegate.ts';

export const dayFromNow = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** Hands records on to a gate, by their ecosystems, as those of the feed `osv`; it puts them in force itself. */
export const importAdvisories = async (
  { data }: Pick<Gate, 'data'>,
  feeds: Readonly<Record<string, readonly object[]>>,
  asOf = dayFromNow(0),
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-feeds-'));
  try {
    for (const [ecosystem, records] of Object.entries(feeds)) {
      mkdirSync(join(folder, ecosystem));
      writeFileSync(join(folder, ecosystem, 'all.zip'), osvZip(...records));
    }
    const args = ['advisories', 'import', folder, '--as-of', asOf, '--name', 'osv', '--data', data];
    const { code, stdout, stderr } = await imagegate(args);
    if (code !== 0) throw new Error(`import ended with ${String(code)}: ${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
