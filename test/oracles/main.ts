/**
 * `npm run oracles`: asks cosign 2 and 3 and us about the same images, signed well and badly on real registries, and
 * package managers and us about the order of the same versions; compares case by case, and records everything for the
 * replay of `npm test`. `--seed N` draws other cases; `--check` records nothing, `--only NAME` asks about less. Ends with
 * 1 when we are wrong, or when somebody and we differ and nobody said why.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCosign } from '../e2e/harness/cosign.ts';
import { startDockerRegistry } from '../e2e/harness/docker-registry.ts';
import { startGoRegistry } from '../e2e/harness/go-registry.ts';
import { keylessOracle } from './keyless-oracle.ts';
import { compare } from './oracle.ts';
import { signatureOracle } from './signature-oracle.ts';
import { compareOrders } from './versions/compare-orders.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '20261129' },
    check: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const isChosen = (name: string): boolean => values.only === '' || values.only === name;
const seed = Number(values.seed);
const write = !values.check;

const compareImages = async (): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-oracles-'));
  const registries = { docker: await startDockerRegistry(), go: await startGoRegistry() };
  try {
    const cosigns = { 2: createCosign(2, { folder }), 3: createCosign(3, { folder }) };
    const comparison = { folder, registries, seed, write };
    let failures = 0;
    if (isChosen('signatures')) {
      failures += await compare(await signatureOracle(folder, registries, cosigns, seed), comparison);
    }
    if (isChosen('keyless')) {
      const keyless = await keylessOracle(folder, registries, cosigns[3], seed);
      try {
        failures += await compare(keyless, comparison);
      } finally {
        await keyless.stop();
      }
    }
    return failures;
  } finally {
    await Promise.all(Object.values(registries).map((registry) => registry.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
};

const failures =
  (isChosen('versions') ? compareOrders({ seed, write }) : 0) +
  (isChosen('signatures') || isChosen('keyless') ? await compareImages() : 0);
process.exitCode = failures === 0 ? 0 : 1;
