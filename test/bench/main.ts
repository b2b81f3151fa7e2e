/**
 * `npm run bench`: the figures of reviews and of evidence, measured on the built server, each beside its
 * reference in the same run. `--quick` for a rough look; `--only reviews`, `--only evidence` or one part of it
 * (`--only evidence-warm`) for less. `vulnerabilities` wants `--advisories DIR`, `constraints` wants `--library DIR`: no advisory and no
 * template comes with this program. `--before DIR` is a built checkout from before, for `constraints-without`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchPlan } from './bench-plan.ts';
import { measureCatalog } from './catalog-image.ts';
import { measureBesideSyft } from './catalog-syft.ts';
import { measureConstraintAttack } from './constraint-attack.ts';
import { measureConstraintLoad, measureConstraintMemory } from './constraint-load.ts';
import { measureConstraintReviews, measureWithoutConstraints } from './constraint-reviews.ts';
import { measureTemplates } from './constraint-templates.ts';
import { evidenceMeasurements } from './evidence.ts';
import { measureHostile } from './hostile.ts';
import { measureReviews } from './measure-reviews.ts';
import { measureVulnerabilities } from './vulnerabilities.ts';
import { measureVulnerabilityBeside, measureVulnerabilityWarm } from './vulnerability-load.ts';

const measurements: Readonly<Record<string, (plan: BenchPlan) => void | Promise<void>>> = {
  reviews: measureReviews,
  ...evidenceMeasurements,
  'constraints-templates': measureTemplates,
  'constraints-reviews': measureConstraintReviews,
  'constraints-without': measureWithoutConstraints,
  'constraints-load': measureConstraintLoad,
  'constraints-memory': measureConstraintMemory,
  'constraints-attack': measureConstraintAttack,
  vulnerabilities: measureVulnerabilities,
  'vulnerabilities-warm': measureVulnerabilityWarm,
  'vulnerabilities-beside': measureVulnerabilityBeside,
  'vulnerabilities-catalog': measureCatalog,
  'vulnerabilities-catalog-syft': measureBesideSyft,
  'vulnerabilities-hostile': measureHostile,
};
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    advisories: { type: 'string' },
    library: { type: 'string' },
    before: { type: 'string' },
  },
});
const { quick, only, advisories, library, before } = values;
const chosen = Object.entries(measurements).filter(
  ([name]) => only === '' || name === only || name.startsWith(`${only}-`),
);
if (chosen.length === 0) {
  process.stderr.write(`--only takes evidence or one of ${Object.keys(measurements).join(', ')}\n`);
  process.exit(2);
}
const work = await mkdtemp(join(tmpdir(), 'imagegate-bench-'));
try {
  for (const [, measure] of chosen) {
    await measure({
      work,
      rounds: quick ? 2 : 5,
      seconds: quick ? 2 : 5,
      quick,
      ...(advisories !== undefined && { advisories }),
      ...(library !== undefined && { library }),
      ...(before !== undefined && { before }),
    });
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
