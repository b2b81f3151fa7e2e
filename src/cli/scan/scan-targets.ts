import { existsSync } from 'node:fs';
import { systemClock } from '../../concurrency/clock.ts';
import type { ScanBounds } from '../../config/values/scan-bounds.ts';
import { unavailable, type Fact } from '../../core/facts/fact.ts';
import type { PlatformChoice } from '../../core/facts/image-facts.ts';
import { shown } from '../../core/text/shown-text.ts';
import { AdvisoriesUnreadable, type Advisories, type AdvisorySet } from '../../evidence/ports.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { isFile, isLocal, scanLocal } from './local/scan-local.ts';
import type { PolicyVerdict, ScanPolicies } from './policy-verdict.ts';
import { openRegistryScan, type RegistryScan, type ScanConfig } from './registry-scan.ts';
import { scanImage, scanSbom, type Scanned } from './scan-input.ts';
import { createScanProgress, type ScanProgressLine } from './scan-progress.ts';

/** What one scan looks at its targets with. */
interface ScanParts {
  readonly platforms: PlatformChoice;
  readonly bounds: ScanBounds;
  readonly progress: ScanProgressLine;
  readonly terminal: Terminal;
  /** Where images of registries are among the targets. */
  readonly registries: RegistryScan | undefined;
}

const isImage = (target: string): boolean => !isFile(target);

const scanTargets = async (
  targets: readonly string[],
  set: AdvisorySet | undefined,
  { platforms, bounds, progress, terminal, registries }: ScanParts,
): Promise<readonly Scanned[]> => {
  const now = systemClock.now();
  const scanned: Scanned[] = [];
  const shared = { platforms, set, now, bounds } as const;
  for (const target of targets.filter((one) => one.startsWith('sbom:')))
    scanned.push(await scanSbom(target.slice('sbom:'.length), shared));
  const { catalog } = terminal.workers;
  scanned.push(...(await scanLocal(targets.filter(isLocal), { ...shared, catalog, progress })));
  progress.end();
  if (registries === undefined) return scanned;
  try {
    for (const image of targets.filter(isImage))
      scanned.push(...(await scanImage(image, { ...shared, ...registries })));
  } finally {
    progress.end();
  }
  return scanned;
};

/** A file that lies here and has no prefix is asked for in a registry; who meant the file is told how to name it. */
const tellOfFiles = (targets: readonly string[], terminal: Terminal): void => {
  for (const image of targets.filter((one) => isImage(one) && existsSync(one)))
    terminal.talk(
      shown(
        `${image} is asked for in a registry; what lies here is named tar:${image}, oci:${image}, rootfs:${image} or sbom:${image}`,
      ),
    );
};

/** Advisories that cannot be read any more are not "no match" (V16): then there are none to judge by. */
const scanBy = async (
  set: Fact<AdvisorySet>,
  scanWith: (inForce: AdvisorySet | undefined) => Promise<readonly Scanned[]>,
): Promise<{ readonly set: Fact<AdvisorySet>; readonly scanned: readonly Scanned[] }> => {
  try {
    return { set, scanned: await scanWith(set.state === 'known' ? set.value : undefined) };
  } catch (error) {
    if (!(error instanceof AdvisoriesUnreadable)) throw error;
    return scanBy(unavailable('the advisories', shown(error.message)), scanWith);
  }
};

/** What was scanned, and what policies say of it. */
interface Looked {
  readonly set: Fact<AdvisorySet>;
  readonly scanned: readonly Scanned[];
  readonly verdict: PolicyVerdict | undefined;
}

interface ScanBy {
  readonly platforms: PlatformChoice;
  readonly advisories: Advisories;
  /** Absent: none judge. */
  readonly policies: ScanPolicies | undefined;
}

/** Looks at all targets, and has policies judge what was found. */
export const lookAt = async (
  targets: readonly string[],
  { platforms, advisories, policies }: ScanBy,
  config: ScanConfig,
  terminal: Terminal,
): Promise<Looked> => {
  const progress = createScanProgress(terminal.status);
  const beside = policies && { trustRoots: policies.trustRoots, advisories };
  tellOfFiles(targets, terminal);
  const registries = targets.some(isImage)
    ? await openRegistryScan(config, beside, progress, terminal)
    : undefined;
  const parts = { platforms, bounds: config.scan.value, progress, terminal, registries };
  try {
    const { set, scanned } = await scanBy(await advisories.inForce(), (inForce) =>
      scanTargets(targets, inForce, parts),
    );
    const by = { advisories: set, registries: registries?.access.evidence };
    return { set, scanned, verdict: await policies?.judge(scanned, by) };
  } finally {
    progress.end();
    await registries?.access.close();
  }
};
