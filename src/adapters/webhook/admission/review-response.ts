import type { Decision } from '../../../core/decision/decision.ts';
import { constraintLine, isOfConstraint } from '../../../core/decision/constraint-findings.ts';
import { auditAnnotations } from './audit-annotations.ts';
import { denialCauses, denialText } from './denial.ts';
import { admissionWarnings } from './warnings.ts';

/** An AdmissionReview up to the uid of its response. */
export const responseHead = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":';

/** With code 403 and this reason kubectl prints `Error from server (Forbidden): admission webhook …`. */
const statusOf = (decision: Decision): object => ({
  status: 'Failure',
  message: denialText(decision),
  reason: 'Forbidden',
  details: { causes: denialCauses(decision) },
  code: 403,
});

/** The answer to an AdmissionReview as JSON text. Most answers say yes and nothing else: they are put together by hand. */
export const encodeReview = (decision: Decision, uid: string): string => {
  const { allowed, findings, warnings, omitted, skipped } = decision;
  if (allowed && findings.length === 0 && warnings.length === 0) {
    const why = skipped === undefined ? '' : `,"skipped":"${skipped.code}"`;
    return `${responseHead}${JSON.stringify(uid)},"allowed":true,"auditAnnotations":{"decision":${JSON.stringify(decision.id)}${why}}}}`;
  }
  const ofConstraints = findings.filter((finding) => isOfConstraint(finding) && finding.mode === 'Warn');
  const shownWarnings = admissionWarnings(
    warnings,
    new Set(ofConstraints.map(constraintLine)),
    omitted?.warnings,
  );
  const response = {
    allowed,
    ...(allowed ? {} : { status: statusOf(decision) }),
    ...(shownWarnings.length === 0 ? {} : { warnings: shownWarnings }),
    auditAnnotations: auditAnnotations(decision),
  };
  return `${responseHead}${JSON.stringify(uid)},${JSON.stringify(response).slice(1)}}`;
};

/** The denial of last resort, when not even a decision could be made: the caller still gets a verdict and a sentence. */
export const encodeDefect = (uid: string): string => {
  const status = {
    status: 'Failure',
    message: 'the gate failed while answering this request (gate: internal-error)',
    reason: 'Forbidden',
    code: 403,
  };
  return `${responseHead}${JSON.stringify(uid)},"allowed":false,"status":${JSON.stringify(status)}}}`;
};
