/**
 * `npm run oracles`: asks cosign 2 and 3 and us about the same images, signed well and badly on real registries, compares
 * case by case, and records everything for the replay of `npm test`. `--seed N` draws other cases; `--check` records
 * nothing. Ends with 1 when we are wrong, or when cosign and we differ and nobody said why.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recordSignatures } from './record-signatures.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '20261129' }, check: { type: 'boolean', default: false } },
});
const folder = mkdtempSync(join(tmpdir(), 'imagegate-oracles-'));
try {
  const failures = await recordSignatures({ folder, seed: Number(values.seed), write: !values.check });
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
