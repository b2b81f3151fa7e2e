import type { JudgedObject } from '../../core/decision/decision.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import type { ConstraintVerdict } from '../constraints.ts';
import { gateFinding, type DecisionOrigin, type Outcome } from '../review/decision-builder.ts';

export const apiVersionOf = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

const objectOf = (request: AdmissionRequest): JudgedObject => ({
  apiVersion: shown(apiVersionOf(request.kind.group, request.kind.version)),
  kind: shown(request.kind.kind),
  ...(request.namespace === '' ? {} : { namespace: shown(request.namespace) }),
  ...(request.name === '' ? {} : { name: shown(request.name) }),
});

/** What the record says of a request, with what constraints said about it. */
export const admissionOrigin = (
  request: AdmissionRequest,
  constraints?: ConstraintVerdict,
): DecisionOrigin => ({
  source: 'admission',
  uid: shown(request.uid),
  operation: request.operation,
  user: shown(request.user),
  caller: request.caller,
  dryRun: request.dryRun,
  object: objectOf(request),
  ...(constraints === undefined ? {} : { constraints }),
});

/** What the caller is told when the gate itself failed. */
export const defectOf = (): Outcome => ({
  findings: [
    gateFinding('internal-error', 'the gate failed while judging this request', {
      remedy: 'this is a defect of the gate: report it with the decision id and the log line',
    }),
  ],
});
