import * as z from 'zod';
import { findForbiddenKeys, problemsOf, type PolicyProblem } from '../policy/load/schema-problem.ts';
import { policyApiVersion } from '../policy/schema/schema.ts';
import { boundedText, objectNameText } from '../policy/schema/text.ts';
import { fail, ok, type Result } from '../result.ts';

export const trustRootKind = 'TrustRoot';

/** UTF-16 units of a document with roots; the one of the public-good instance has 6,800. */
export const maxRootsLength = 256 * 1024;

/** No part begins with a dot, so none leads out of the folder or to what a mounted ConfigMap keeps for itself. */
const fileInFolder = boundedText(255).regex(
  /^(?:\.\/)?(?:[\w-][\w.-]{0,254}\/){0,8}[\w-][\w.-]{0,254}\.jsonl?$/,
  'must name a file *.json or *.jsonl in the folder of this document or below it, such as ./acme.json',
);

type Issue = (message: string) => void;
/** Exactly one of the fields of an object. */
const oneOf = (given: object, fields: readonly string[], addIssue: Issue): void => {
  const names = Object.keys(given);
  if (names.length === 1) return;
  const wanted = `exactly one of ${fields.join(', ')}`;
  addIssue(names.length === 0 ? `write ${wanted}` : `holds ${names.join(' and ')}; write ${wanted}`);
};

/** R5: known by name, so that the refusal says "not in this version" and not "unknown field". */
const later = (what: string) => z.never({ error: `this version ${what}` }).exactOptional();

const sigstore = z
  .strictObject({
    trustedRoot: boundedText(maxRootsLength)
      .exactOptional()
      .describe(
        'The text of a `trusted_root.json`: certificate authorities, logs and timestamp authorities, each with the time in ' +
          'which it is valid. The lines that `gh attestation trusted-root` prints are read too, and trusted together.',
      ),
    file: fileInFolder
      .exactOptional()
      .describe(
        'A file with that text, such as `./acme.json`, in the folder of this document or below it. For folders of ' +
          '`--policies` alone: a cluster has no files, so an object of a cluster holds the text.',
      ),
    tuf: later(
      'cannot fetch a root from a TUF repository: give its trusted_root.json in `trustedRoot` or `file`',
    ),
  })
  .superRefine((given, context) =>
    oneOf(given, ['trustedRoot', 'file'], (message) => context.addIssue({ code: 'custom', message })),
  )
  .describe(
    'An instance of Sigstore: who issues certificates for identities, and which logs and timestamps count.',
  );

const x509 = z
  .strictObject({
    roots: boundedText(maxRootsLength).describe(
      'Certificates of CAs in PEM form. A certificate counts whose chain ends in one of them.',
    ),
  })
  .describe('A plain CA: certificates that it issued, without a log.');

const trustRootSpec = z
  .strictObject({
    sigstore: sigstore.exactOptional(),
    x509: x509.exactOptional(),
    notary: later(
      'cannot verify Notary Project signatures: remove this trust root, or run a version that can',
    ),
  })
  .superRefine((given, context) =>
    oneOf(given, ['sigstore', 'x509'], (message) => context.addIssue({ code: 'custom', message })),
  );

type SpecFields = z.output<typeof trustRootSpec>;
type SigstoreSource = { readonly trustedRoot: string } | { readonly file: string };
type Spec = { readonly sigstore: SigstoreSource } | { readonly x509: Required<SpecFields>['x509'] };

/** The one source of the TrustRoot type, its CRD and docs/trust-root-fields.md. */
export const trustRootSchema = z
  .strictObject({
    apiVersion: z.literal(policyApiVersion).describe(`Always \`${policyApiVersion}\`.`),
    kind: z.literal(trustRootKind).describe(`Always \`${trustRootKind}\`.`),
    metadata: z
      .object({
        name: objectNameText.describe(
          'Name of the trust root, a DNS-1123 subdomain: what policies call it. `sigstore` replaces the root of the ' +
            'public-good instance that the gate ships.',
        ),
        namespace: z.never({ error: 'a TrustRoot is cluster-scoped and has no namespace' }).exactOptional(),
      })
      .describe('Standard object metadata.'),
    spec: trustRootSpec.describe('What is trusted: exactly one of the fields.'),
    // A cluster adds it; nothing is ever decided by it.
    status: z.unknown().exactOptional().describe('Written by the gate: whether the trust root was accepted.'),
  })
  .transform(({ metadata, spec }) => ({
    name: metadata.name,
    // The schema has seen to it that there is exactly one.
    spec: spec as Spec,
  }));

/** A trust root as read. Whether its certificates and keys can be used is for evidence to find out. */
export type TrustRoot = Readonly<z.output<typeof trustRootSchema>>;

/**
 * Reads one TrustRoot from parsed YAML or JSON, as written in a file or as a cluster returns it.
 * @returns the trust root, or every problem found, in the order of the fields; never throws.
 */
export const readTrustRoot = (value: unknown): Result<TrustRoot, readonly PolicyProblem[]> => {
  const forbidden = findForbiddenKeys(value);
  if (forbidden.length > 0) return fail(forbidden);
  const read = trustRootSchema.safeParse(value);
  return read.success ? ok(read.data) : fail(problemsOf(read.error, value, trustRootSchema));
};
