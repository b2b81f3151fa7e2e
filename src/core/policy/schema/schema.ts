import * as z from 'zod';
import { isJsonObject } from '../../text/json/json.ts';
import { fail, ok, type Result } from '../../result.ts';
import { checkList, type registriesFields } from './checks.ts';
import { multiArch, staleFor } from './evidence.ts';
import { findForbiddenKeys, problemsOf, type PolicyProblem } from '../load/schema-problem.ts';
import { labelSelector } from './selector.ts';
import { imagePattern, namespaceGlob, objectNameText } from './text.ts';

export const policyApiVersion = 'imagegate.dev/v1alpha1';
export const policyKind = 'ImagePolicy';

const match = z.strictObject({
  namespaces: z
    .strictObject({
      include: z
        .array(namespaceGlob)
        .max(256)
        .default(['*'])
        .describe(
          'Globs on namespace names; the policy covers a namespace that at least one of them matches.',
        ),
      exclude: z
        .array(namespaceGlob)
        .max(256)
        .default([])
        .describe('Globs on namespace names that the policy does not cover; wins over `include`.'),
    })
    .prefault({})
    .describe('Namespaces that the policy covers, by name.'),
  namespaceSelector: labelSelector
    .prefault({})
    .describe(
      'Labels of the namespaces that the policy covers; empty covers all. Labels that cannot be read count as matching.',
    ),
  objectSelector: labelSelector
    .prefault({})
    .describe(
      'Labels of the workloads that the policy covers; empty covers all. Labels are chosen by whoever creates the ' +
        'workload, so this narrows a policy but never fences anybody in.',
    ),
  images: z
    .array(imagePattern('match'))
    .min(1)
    .max(1024)
    .default(['**'])
    .describe(
      'Patterns of the images that the policy speaks about. An image that no policy of its namespace speaks about ' +
        'gets the finding `unmatched`.',
    ),
});

const policySpec = z.strictObject({
  mode: z
    .enum(['Deny', 'Warn', 'Audit'])
    .default('Deny')
    .describe(
      'What a failed check does: Deny refuses, Warn allows and tells the user, Audit allows and only records.',
    ),
  onUnavailable: z
    .enum(['Deny', 'Warn'])
    .default('Deny')
    .describe(
      'What happens when the registry of an image, or its token server, is down: it does not connect, does not answer at ' +
        'all, or answers 5xx. Deny refuses, Warn allows and tells the user. The same holds for the API server that is asked ' +
        'for the labels of a namespace, and where the advisories of `vulnerabilities` are missing or too old. Nothing else is excused, whatever stands here: neither what whoever creates Pods or ' +
        'pushes images can bring about (a full queue, a deadline while answers were coming, 429, an address that is refused) ' +
        'nor an image that was read and cannot be judged (broken, ambiguous, too large).',
    ),
  match: match
    .prefault({})
    .describe(
      'Whom the policy applies to; all parts must match. Empty applies to every image of every namespace.',
    ),
  multiArch: multiArch.prefault({}).describe('Which platforms of an image with several are judged.'),
  staleFor,
  checks: checkList.describe(
    'What must hold for every matching image. All checks must hold; each failure is reported.',
  ),
});

/** The one source of the ImagePolicy type, the CRD and docs/policy-fields.md. */
export const policySchema = z
  .strictObject({
    apiVersion: z.literal(policyApiVersion).describe(`Always \`${policyApiVersion}\`.`),
    kind: z.literal(policyKind).describe(`Always \`${policyKind}\`.`),
    metadata: z
      .object({
        name: objectNameText.describe('Name of the policy, a DNS-1123 subdomain; shown in every finding.'),
        namespace: z
          .never({
            error: 'an ImagePolicy is cluster-scoped and has no namespace: use spec.match.namespaces',
          })
          .exactOptional(),
      })
      .describe('Standard object metadata.'),
    spec: policySpec.describe('Whom the policy applies to, what must hold, and what happens otherwise.'),
    // A cluster adds it; nothing is ever decided by it.
    status: z.unknown().exactOptional().describe('Written by the gate: whether the policy was accepted.'),
  })
  .transform(({ apiVersion, kind, metadata, spec }) => ({
    apiVersion,
    kind,
    metadata: { name: metadata.name },
    spec,
  }));

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

/** A policy as read: complete, every default applied. */
export type ImagePolicy = Immutable<z.output<typeof policySchema>>;
export type PolicySpec = ImagePolicy['spec'];
/** `{ registries }`, `{ digest }`, `{ tags }`, `{ image }`, `{ signature }`, `{ attestation }` or `{ vulnerabilities }`: tell them apart with `'registries' in check`. */
export type PolicyCheck = PolicySpec['checks'][number];
export type ImageCheck = Extract<PolicyCheck, { readonly image: unknown }>['image'];
export type SignatureCheck = Extract<PolicyCheck, { readonly signature: unknown }>['signature'];
export type AttestationCheck = Extract<PolicyCheck, { readonly attestation: unknown }>['attestation'];
export type VulnerabilitiesCheck = Extract<
  PolicyCheck,
  { readonly vulnerabilities: unknown }
>['vulnerabilities'];
export type PolicyAuthority = SignatureCheck['authorities'][number];
export type KeylessIdentity = NonNullable<PolicyAuthority['keyless']>['identities'][number];
export type CertificateIdentity = NonNullable<PolicyAuthority['certificate']>['identities'][number];
export type MultiArch = PolicySpec['multiArch'];
export type RegistriesCheck = Immutable<z.output<typeof registriesFields>>;
export type LabelSelector = Immutable<z.output<typeof labelSelector>>;

/**
 * Compiles an expression over signed statements, in a language that core does not know. The error says what is wrong, for
 * people.
 */
export type CompileExpression = (text: string) => Result<unknown, string>;

/** Characters of all expressions of a policy: the webhook compiles them while reviews wait. */
const maxExpressionsLength = 16_384;

/** R5: an expression that does not compile could only ever refuse. */
const expressionProblems = (
  { spec }: ImagePolicy,
  compileExpression: CompileExpression,
): readonly PolicyProblem[] => {
  let length = 0;
  return spec.checks.flatMap((check, index) => {
    if (!('attestation' in check) || check.attestation.expression === undefined) return [];
    const { expression } = check.attestation;
    const path = ['spec', 'checks', index, 'attestation', 'expression'];
    length += expression.length;
    if (length > maxExpressionsLength)
      return [
        {
          path,
          message: `the expressions of a policy have at most ${maxExpressionsLength} characters together`,
        },
      ];
    const compiled = compileExpression(expression);
    return compiled.ok ? [] : [{ path, message: `the expression cannot be compiled: ${compiled.error}` }];
  });
};

/**
 * Reads one ImagePolicy from parsed YAML or JSON, as written in a file or as a cluster returns it.
 * @returns the policy with defaults applied, or every problem found, in the order of the fields; never throws.
 */
export const readPolicy = (
  value: unknown,
  compileExpression: CompileExpression,
): Result<ImagePolicy, readonly PolicyProblem[]> => {
  const forbidden = findForbiddenKeys(value);
  if (forbidden.length > 0) return fail(forbidden);
  const read = policySchema.safeParse(value);
  if (!read.success) return fail(problemsOf(read.error, value, policySchema));
  const problems = expressionProblems(read.data, compileExpression);
  return problems.length > 0 ? fail(problems) : ok(read.data);
};

/**
 * The `spec.match` of a policy that is broken elsewhere, if it is readable. R8 denies within it. `undefined` means
 * that nothing is known, so everything is covered.
 */
export const readMatch = (value: unknown): PolicySpec['match'] | undefined => {
  if (!isJsonObject(value) || !isJsonObject(value['spec'])) return undefined;
  if (findForbiddenKeys(value['spec']['match']).length > 0) return undefined;
  const read = policySpec.shape.match.safeParse(value['spec']['match']);
  return read.success ? read.data : undefined;
};
