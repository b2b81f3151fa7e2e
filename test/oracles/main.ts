/**
 * `npm run oracles`: asks cosign 2 and 3, sigstore-go and us about the same images, signed well and badly on real registries,
 * OPA and us about the same templates, Gatekeeper and us about its library, package managers and us about the order of the same versions, osv-scanner and us about the same packages, and Syft and us about
 * what is in the same images; compares case by case, and records everything for the replay of `npm test`. `--seed N` draws other cases; `--check` records nothing, `--only NAME` asks about less, `--library DIR` asks about
 * Gatekeeper's library as well. Ends with
 * 1 when we are wrong, or when somebody and we differ and nobody said why.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCosign, type Cosign } from '../e2e/harness/cosign.ts';
import { startDockerRegistry } from '../e2e/harness/docker-registry.ts';
import { startGoRegistry } from '../e2e/harness/go-registry.ts';
import { attestationOracle } from './attestation-oracle.ts';
import { keylessOracle } from './keyless-oracle.ts';
import { compare, type Comparison } from './oracle.ts';
import { signatureOracle } from './signature-oracle.ts';
import { startInstances } from './sigstore-instances.ts';
import { compareGatekeeper } from './gatekeeper/compare-gatekeeper.ts';
import { compareGenerated } from './matches/generated.ts';
import { comparePackages } from './packages/compare-packages.ts';
import { compareRego } from './rego/compare-rego.ts';
import { compareOrders } from './versions/compare-orders.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '20261129' },
    check: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    library: { type: 'string' },
  },
});
const isChosen = (name: string): boolean => values.only === '' || values.only === name;
const seed = Number(values.seed);
const write = !values.check;

interface Stage extends Comparison {
  readonly cosigns: Readonly<Record<2 | 3, Cosign>>;
}

const compareWithInstances = async ({ cosigns, ...comparison }: Stage): Promise<number> => {
  const { folder, registries } = comparison;
  const instances = await startInstances(folder, cosigns[3]);
  try {
    const keyless = isChosen('keyless')
      ? await compare(keylessOracle(registries, cosigns, instances, seed), comparison)
      : 0;
    if (!isChosen('attestations')) return keyless;
    const oracle = await attestationOracle(folder, registries, cosigns, instances, seed);
    return keyless + (await compare(oracle, comparison));
  } finally {
    await instances.stop();
  }
};

const compareImages = async (): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-oracles-'));
  const registries = { docker: await startDockerRegistry(), go: await startGoRegistry() };
  try {
    const cosigns = { 2: createCosign(2, { folder }), 3: createCosign(3, { folder }) };
    const comparison = { folder, registries, seed, write };
    let failures = 0;
    if (isChosen('signatures'))
      failures += await compare(await signatureOracle(folder, registries, cosigns, seed), comparison);
    if (isChosen('keyless') || isChosen('attestations'))
      failures += await compareWithInstances({ ...comparison, cosigns });
    return failures;
  } finally {
    await Promise.all(Object.values(registries).map((registry) => registry.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
};

const failures =
  (isChosen('versions') ? compareOrders({ seed, write }) : 0) +
  (isChosen('rego')
    ? compareRego({ seed, write, ...(values.library === undefined ? {} : { library: values.library }) })
    : 0) +
  (isChosen('gatekeeper') && values.library !== undefined
    ? await compareGatekeeper({ library: values.library, write })
    : 0) +
  (isChosen('matches') ? compareGenerated({ seed, write }) : 0) +
  (isChosen('packages') ? comparePackages({ write }) : 0) +
  (['signatures', 'keyless', 'attestations'].some(isChosen) ? await compareImages() : 0);
process.exitCode = failures === 0 ? 0 : 1;
