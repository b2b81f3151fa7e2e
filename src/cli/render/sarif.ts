import { createHash } from 'node:crypto';
import type { Mode } from '../../core/policy/mode.ts';
import type { Finding } from '../../core/decision/finding.ts';
import type { FindingCode } from '../../core/reasons/reason.ts';
import { reasons } from '../../core/reasons/reasons.ts';
import { version } from '../../config/version.ts';
import type { ArtifactLocations } from '../check/artifact-location.ts';
import { exitCode } from '../terminal/exit-code.ts';
import { fieldText, formatObject, type Judged } from './decision-table.ts';
import { jsonPieces } from './json-pieces.ts';

const levels: Record<Mode, 'error' | 'warning' | 'note'> = { Deny: 'error', Warn: 'warning', Audit: 'note' };

const ruleOf = (code: FindingCode) => ({
  id: code,
  shortDescription: { text: reasons[code].title },
  fullDescription: { text: reasons[code].meaning },
  help: { text: reasons[code].fix },
});

/** Stays the same while the object and the finding do, so that a code-scanning page keeps its history. */
const fingerprint = (decision: Judged, finding: Finding, uri: string): string =>
  createHash('sha256')
    .update(
      [uri, formatObject(decision), finding.policy, finding.check, finding.path ?? '', finding.code].join(
        '\n',
      ),
    )
    .digest('hex');

const physicalLocation = ({ object }: Judged, finding: Finding, artifacts: ArtifactLocations) => {
  if (object.file === undefined) return {};
  const { line = object.line ?? 1, column = object.column ?? 1 } = finding;
  return {
    physicalLocation: {
      artifactLocation: artifacts.locationOf(object.file),
      region: { startLine: line, startColumn: column },
    },
  };
};

const resultOf = (decision: Judged, finding: Finding, artifacts: ArtifactLocations) => {
  const { file } = decision.object;
  const uri = file === undefined ? '' : artifacts.locationOf(file).uri;
  return {
    ruleId: finding.code,
    level: levels[finding.mode],
    message: { text: [fieldText(finding), finding.detail, finding.remedy].filter(Boolean).join('. ') },
    locations: [
      {
        ...physicalLocation(decision, finding, artifacts),
        logicalLocations: [{ fullyQualifiedName: `${formatObject(decision)} ${finding.path ?? ''}`.trim() }],
      },
    ],
    partialFingerprints: { 'imagegate/v1': fingerprint(decision, finding, uri) },
    properties: { policy: finding.policy, check: finding.check, mode: finding.mode },
  };
};

function* resultsOf(decisions: readonly Judged[], artifacts: ArtifactLocations) {
  for (const decision of decisions)
    for (const finding of decision.findings) yield resultOf(decision, finding, artifacts);
}

/**
 * A run that left something out. A page that shows findings takes one that does not say so for the whole, and what it
 * showed of a file that could not be read this time for mended.
 */
const brokenRun = (problems: readonly string[]) => ({
  executionSuccessful: false,
  exitCode: exitCode.usage,
  toolExecutionNotifications: problems.map((text) => ({ level: 'error', message: { text } })),
});

/**
 * SARIF 2.1.0: one rule a reason code, one result a finding.
 * @param problems - what could not be read, so that the results are not about it
 */
export const renderSarif = (
  decisions: readonly Judged[],
  artifacts: ArtifactLocations,
  problems: readonly string[] = [],
): Iterable<string> => {
  const used = new Set<FindingCode>();
  for (const { findings } of decisions) for (const { code } of findings) used.add(code);
  const run = {
    tool: { driver: { name: 'imagegate', version, rules: [...used].sort().map(ruleOf) } },
    ...(problems.length === 0 ? {} : { invocations: [brokenRun(problems)] }),
    columnKind: 'utf16CodeUnits',
    originalUriBaseIds: artifacts.baseIds,
    results: [],
  };
  const sarif = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
  return jsonPieces(sarif, resultsOf(decisions, artifacts));
};
