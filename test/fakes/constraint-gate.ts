import { encodeReview } from '../../src/adapters/webhook/admission/review-response.ts';
import { isOfConstraint } from '../../src/core/decision/constraint-findings.ts';
import type { Decision } from '../../src/core/decision/decision.ts';
import type { Finding } from '../../src/core/decision/finding.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { constraintsOf, storeOf, template } from './constraints.ts';
import { fakeClock, fakeGate, pod } from './gate.ts';

/** A rule with this message. */
export const says = (text: string): string => `violation[{"msg": msg}] { msg := ${text} }`;
/** Its violations name containers with the image `bash`. */
export const noBash = template(
  'NoBash',
  says('sprintf("%v is bash", [input.review.object.spec.containers[_].image])'),
);

/** A gate with these templates, constraints and policies. */
export const gateWith = (
  templates: readonly JsonObject[],
  constraints: readonly JsonObject[],
  more: Parameters<typeof constraintsOf>[1] & { readonly excluded?: readonly string[] } = {},
  policies: Readonly<Record<string, object>> = {},
  clock = fakeClock(),
) =>
  fakeGate({
    policies,
    clock,
    constraints: constraintsOf(storeOf(templates, constraints, more.excluded), more),
  });

interface Answer {
  readonly response: {
    readonly allowed: boolean;
    readonly warnings?: readonly string[];
    readonly auditAnnotations: Readonly<Record<string, string>>;
    readonly status?: {
      readonly message: string;
      readonly details: { readonly causes: readonly { reason: string; message: string }[] };
    };
  };
}
/** What the API server reads of a decision. */
export const answerOf = (decision: Decision): Answer['response'] =>
  (JSON.parse(encodeReview(decision, 'uid')) as Answer).response;

/** A namespace without a policy has a finding of its own in the record. */
export const said = ({ findings }: Decision): readonly Finding[] => findings.filter(isOfConstraint);

/** A Pod that {@link noBash} speaks against. */
export const web = pod({ app: 'bash' });
