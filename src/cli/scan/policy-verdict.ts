import type { LoadedPolicies } from '../../adapters/policy-files/policy-files.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { Fact } from '../../core/facts/fact.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import { acceptancesOf, type AcceptedByPolicies } from '../../core/policy-set/acceptances.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { ScanReport } from '../../core/vulnerability/report/scan-report.ts';
import type { Vulnerability } from '../../core/vulnerability/vulnerability.ts';
import type { Evidence } from '../../evidence/gather.ts';
import { defaultEvidenceLimits } from '../../evidence/limits.ts';
import type { AdvisorySet } from '../../evidence/ports.ts';
import { createJudgeLists } from '../../evidence/vulnerability/judge-lists.ts';
import { deadlineAfter } from '../../gate/deadline.ts';
import { createJudgeImage } from '../../gate/manifest/judge-image.ts';
import { openCheck, parseNamespace } from '../check/check-run.ts';
import { readOneImage } from '../check/image-input.ts';
import { readPolicies } from '../policy-input.ts';
import type { ExitCode, FailOn } from '../terminal/exit-code.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import { localEvidence } from './local/local-evidence.ts';
import { isFile } from './local/scan-local.ts';
import type { Scanned } from './scan-input.ts';

export interface VerdictFlags {
  readonly policies?: readonly string[];
  readonly namespace?: string;
  readonly name?: string;
  readonly failOn: FailOn;
  readonly advisories?: string;
}

/** What the policies say of the image of a report. */
export type ScanVerdict = Pick<Decision, 'allowed' | 'findings'>;

/** The verdict of the engine on what was scanned. */
export interface PolicyVerdict {
  readonly decisions: readonly Decision[];
  /** By the number of what was scanned. */
  readonly verdictOf: (at: number) => ScanVerdict | undefined;
  readonly conclude: (reports: readonly ScanReport[]) => Promise<ExitCode>;
}

/** By what policies judge: advisories, and registries where images of them were scanned. */
interface Judging {
  readonly advisories: Fact<AdvisorySet>;
  readonly registries: Evidence | undefined;
}

/** Policies that judge what is scanned. */
export interface ScanPolicies {
  readonly trustRoots: LoadedPolicies<PolicySet>['trustRoots'];
  /** What they accept of a vulnerability of a target. */
  readonly acceptedIn: (target: string) => (vulnerability: Vulnerability, now: number) => AcceptedByPolicies;
  readonly judge: (scanned: readonly Scanned[], by: Judging) => Promise<PolicyVerdict>;
}

/** Policies judge by the advisories that a gate with these data has, and match images by their name. */
const assertJudgeable = (
  targets: readonly string[],
  { namespace, policies, advisories, name }: VerdictFlags,
): void => {
  if (policies === undefined) {
    if (namespace !== undefined)
      throw new UsageError(['-n names where policies judge the image; it needs --policies']);
    if (name !== undefined)
      throw new UsageError(['--name says as which image policies judge a file; it needs --policies']);
    return;
  }
  if (advisories !== undefined)
    throw new UsageError(['--policies judges by the advisories below --data; leave --advisories out']);
  const files = targets.filter(isFile);
  if (name !== undefined && files.length < targets.length)
    throw new UsageError(['--name is for files of this machine; an image in a registry has its own name']);
  if (name === undefined && files.length > 0)
    throw new UsageError(
      files.map((target) =>
        shown(
          `${target}: policies match images by their name; add what it will be pushed as, such as --name registry.example.com/shop/web:1.4.2`,
        ),
      ),
    );
};

const noRegistries: Evidence = { gather: () => Promise.resolve([]) };

/** An image of a registry is judged as a whole, whatever its platforms; of a file each by itself. */
const judgeEach = async (
  scanned: readonly Scanned[],
  judgeOne: (one: Scanned) => Promise<Decision>,
): Promise<readonly Decision[]> => {
  const ofTarget = new Map<string, Decision>();
  const decisions: Decision[] = [];
  for (const one of scanned) {
    const { target } = one.about;
    const known = isFile(target) ? undefined : ofTarget.get(target);
    const decision = known ?? (await judgeOne(one));
    ofTarget.set(target, decision);
    decisions.push(decision);
  }
  return decisions;
};

/** `--policies`: what `check image` says of the same images. Absent: no policies are named. */
export const openScanPolicies = async (
  targets: readonly string[],
  flags: VerdictFlags,
  config: Parameters<typeof openCheck>[0],
  terminal: Terminal,
): Promise<ScanPolicies | undefined> => {
  assertJudgeable(targets, flags);
  const { policies: paths, namespace: given = 'default', name, failOn } = flags;
  if (paths === undefined) return undefined;
  const images = new Map<string, ImageReference>(
    targets.map((target) => [shown(target), readOneImage(isFile(target) ? (name ?? '') : target)]),
  );
  const imageOf = (target: string): ImageReference => images.get(target) ?? readOneImage(target);
  const namespace = parseNamespace(given);
  const { value: set, trustRoots } = await readPolicies(paths, terminal);

  const judge: ScanPolicies['judge'] = async (scanned, { advisories, registries = noRegistries }) => {
    const subject = { set, trustRoots, labels: [], namespaceLabels: undefined, looks: false };
    const check = await openCheck(config, { ...subject, answers: registries }, terminal);
    const judgeLists = createJudgeLists(systemClock, defaultEvidenceLimits);
    const judgeOne = ({ about: { target }, local }: Scanned): Promise<Decision> => {
      const isHere = isFile(target);
      const review = isHere ? check.reviewBy(localEvidence(local, { advisories, judgeLists })) : check.review;
      const judgeImage = createJudgeImage({ review, clock: systemClock, namespace });
      const { given: text } = imageOf(target);
      return judgeImage(text, deadlineAfter(check.time, systemClock), isHere ? target : text);
    };
    let verdicts: readonly Decision[];
    try {
      verdicts = await judgeEach(scanned, judgeOne);
    } finally {
      await check.close();
    }
    const decisions = [...new Set(verdicts)];
    return {
      decisions,
      verdictOf: (at) => {
        const decision = verdicts[at];
        return decision && { allowed: decision.allowed, findings: decision.findings };
      },
      // What nobody could look at is not clean, also where the policies ask only for names.
      conclude: (reports) =>
        check.conclude(
          decisions,
          failOn,
          reports.some(({ digest, problems }) => digest === undefined && problems.length > 0),
        ),
    };
  };
  return {
    trustRoots,
    acceptedIn: (target) => acceptancesOf(set, { image: imageOf(target), namespace }),
    judge,
  };
};
