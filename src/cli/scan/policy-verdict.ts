import type { Decision } from '../../core/decision/decision.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { ScanReport } from '../../core/vulnerability/report/scan-report.ts';
import { acceptancesOf, type AcceptedByPolicies } from '../../core/policy-set/acceptances.ts';
import type { Vulnerability } from '../../core/vulnerability/vulnerability.ts';
import { readPolicies } from '../policy-input.ts';
import { judgeImages } from '../check/check-image.ts';
import { parseNamespace } from '../check/check-run.ts';
import { readOneImage } from '../check/image-input.ts';
import type { RegistryConfig } from '../setting-flags.ts';
import type { ConfigOf } from '../../config/resolved.ts';
import type { ExitCode, FailOn } from '../terminal/exit-code.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

export interface VerdictFlags {
  readonly policies?: readonly string[];
  readonly namespace?: string;
  readonly failOn: FailOn;
  readonly advisories?: string;
}

/** What the policies say of the image of a report. */
export type ScanVerdict = Pick<Decision, 'allowed' | 'findings'>;

/** The verdict of the engine on what was scanned. */
export interface PolicyVerdict {
  readonly decisions: readonly Decision[];
  readonly verdictOf: (report: ScanReport) => ScanVerdict | undefined;
  /** What the policies accept of a vulnerability of a target. */
  readonly acceptedIn: (
    target: string,
  ) => ((vulnerability: Vulnerability, now: number) => AcceptedByPolicies) | undefined;
  readonly conclude: (reports: readonly ScanReport[]) => Promise<ExitCode>;
}

/** Policies judge images in registries, by the advisories that a gate with these data has. */
const assertJudgeable = (
  targets: readonly string[],
  { namespace, policies, advisories }: VerdictFlags,
): void => {
  if (policies === undefined) {
    if (namespace === undefined) return;
    throw new UsageError(['-n names where policies judge the image; it needs --policies']);
  }
  if (advisories !== undefined)
    throw new UsageError(['--policies judges by the advisories below --data; leave --advisories out']);
  const others = targets.filter((target) => /^(?:sbom|oci|tar|rootfs):/.test(target));
  if (others.length > 0)
    throw new UsageError(
      others.map((target) =>
        shown(
          `${target}: --policies judges an image in its registry, by its name and who signed it; push it, and scan it there`,
        ),
      ),
    );
};

/** `--policies`: what `check image` says of the same images. Absent: no policies are named. */
export const judgeTargets = async (
  targets: readonly string[],
  flags: VerdictFlags,
  config: RegistryConfig & ConfigOf<'data' | 'inventoryMaxAge' | 'inventoryMaxBytes'>,
  terminal: Terminal,
): Promise<PolicyVerdict | undefined> => {
  assertJudgeable(targets, flags);
  const { policies: paths, namespace = 'default', failOn } = flags;
  if (paths === undefined) return undefined;
  const images = targets.map(readOneImage);
  const loaded = await readPolicies(paths, terminal);
  const policies = { loaded, namespace: parseNamespace(namespace), namespaceLabels: undefined };
  const { decisions, check } = await judgeImages(images, policies, config, terminal);
  const verdicts = new Map(targets.map((target, at) => [shown(target), decisions[at]]));
  const accepted = new Map(
    images.map((image) => [shown(image.given), acceptancesOf(loaded.value, { image, namespace })]),
  );
  return {
    decisions,
    verdictOf: ({ target }) => {
      const decision = verdicts.get(target);
      return decision && { allowed: decision.allowed, findings: decision.findings };
    },
    acceptedIn: (target) => accepted.get(target),
    // An image at which nobody could look is not clean, also where the policies ask only for names.
    conclude: (reports) =>
      check.conclude(
        decisions,
        failOn,
        reports.some(({ digest }) => digest === undefined),
      ),
  };
};
