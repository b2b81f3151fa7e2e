import { endOfDay } from '../schema/vulnerabilities.ts';
import type { ImagePolicy, VulnerabilitiesCheck } from '../schema/schema.ts';
import { remark, type RuleRemark } from './remark.ts';

const day = 86_400_000;
/** How long before its end an acceptance is told of. */
const noticeDays = 14;

type At = readonly (string | number)[];

/** V9: many feeds publish no severity, so a level without a limit would let most of them through. */
const unknownHasNoLimit = ({ max, unknownSeverity }: VulnerabilitiesCheck, at: At): readonly RuleRemark[] =>
  max === undefined || max[unknownSeverity] !== undefined
    ? []
    : [
        remark(
          [...at, 'unknownSeverity'],
          `what nobody rated counts as ${unknownSeverity}, and \`max\` has no limit for that level; most records of Go and AlmaLinux ` +
            `and many of PyPI have no severity: add \`max.${unknownSeverity}\`, or name a level that has a limit`,
        ),
      ];

/** V9: a score alone lets through what nobody scored, whatever it may be. */
const unscoredPasses = ({ max, maxScore }: VulnerabilitiesCheck, at: At): readonly RuleRemark[] =>
  max !== undefined || maxScore === undefined
    ? []
    : [
        remark(
          [...at, 'maxScore'],
          'what nobody scored passes; most records of Go and AlmaLinux and many of PyPI have no score: add `max` with a limit for the ' +
            'level of `unknownSeverity`',
        ),
      ];

/** V17: an acceptance ends with its day, and then the image is refused. */
const acceptanceEnds = ({ accept }: VulnerabilitiesCheck, at: At, now: number): readonly RuleRemark[] =>
  accept.flatMap(({ id, until }, index) => {
    const left = (endOfDay(until) ?? 0) - now;
    if (Math.floor(left / day) > noticeDays) return [];
    const path = [...at, 'accept', index, 'until'];
    return left < 0
      ? [remark(path, `${id} is not accepted any more since the end of ${until}; remove the entry`)]
      : [remark(path, `${id} is accepted until the end of ${until} (UTC), and then counts again`)];
  });

const deniedAnyway = ({ accept, deny }: VulnerabilitiesCheck, at: At): readonly RuleRemark[] =>
  accept.flatMap(({ id }, index) =>
    deny.includes(id)
      ? [remark([...at, 'accept', index], `accepts nothing: \`deny\` holds ${id} too, and deny wins`)]
      : [],
  );

/** Remarks on checks of vulnerabilities. @param now - milliseconds since 1970 */
export const vulnerabilityRemarks = ({ spec }: ImagePolicy, now: number): readonly RuleRemark[] =>
  spec.checks.flatMap((check, index) => {
    if (!('vulnerabilities' in check)) return [];
    const at = ['spec', 'checks', index, 'vulnerabilities'];
    const { vulnerabilities: written } = check;
    return [
      ...unknownHasNoLimit(written, at),
      ...unscoredPasses(written, at),
      ...deniedAnyway(written, at),
      ...acceptanceEnds(written, at, now),
    ];
  });
