import { createHash } from 'node:crypto';
import type { Decision } from '../../core/decision/decision.ts';
import type { Finding, Mode } from '../../core/decision/finding.ts';
import type { FindingCode } from '../../core/decision/reason.ts';
import { reasons } from '../../core/decision/reasons.ts';
import { version } from '../../config/version.ts';
import { objectName } from './decision-table.ts';

const levels: Record<Mode, 'error' | 'warning' | 'note'> = { Deny: 'error', Warn: 'warning', Audit: 'note' };

const ruleOf = (code: FindingCode) => ({
  id: code,
  shortDescription: { text: reasons[code].title },
  fullDescription: { text: reasons[code].meaning },
  help: { text: reasons[code].fix },
});

/** Stays the same while the object and the finding do, so that a code-scanning page keeps its history. */
const fingerprint = (decision: Decision, finding: Finding): string =>
  createHash('sha256')
    .update(
      [
        decision.object.file ?? '',
        objectName(decision),
        finding.policy,
        finding.check,
        finding.path ?? '',
        finding.code,
      ].join('\n'),
    )
    .digest('hex');

const resultOf = (decision: Decision, finding: Finding) => ({
  ruleId: finding.code,
  level: levels[finding.mode],
  message: { text: [finding.message, finding.detail, finding.remedy].filter(Boolean).join('. ') },
  locations: [
    {
      ...(decision.object.file === undefined
        ? {}
        : {
            physicalLocation: {
              artifactLocation: { uri: encodeURI(decision.object.file.replaceAll('\\', '/')) },
              region: { startLine: decision.object.line ?? 1 },
            },
          }),
      logicalLocations: [{ fullyQualifiedName: `${objectName(decision)} ${finding.path ?? ''}`.trim() }],
    },
  ],
  partialFingerprints: { 'imagegate/v1': fingerprint(decision, finding) },
  properties: { policy: finding.policy, check: finding.check, mode: finding.mode },
});

/** SARIF 2.1.0: one rule a reason code, one result a finding. */
export const renderSarif = (decisions: readonly Decision[]): string => {
  const results = decisions.flatMap((decision) =>
    decision.findings.map((finding) => resultOf(decision, finding)),
  );
  const used = [...new Set(results.map((result) => result.ruleId))].sort();
  const sarif = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'imagegate', version, rules: used.map(ruleOf) } }, results }],
  };
  return `${JSON.stringify(sarif, undefined, 2)}\n`;
};
