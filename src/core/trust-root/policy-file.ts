import {
  findDuplicateNames,
  policyDocuments,
  readObjects,
  type DocumentKind,
  type PolicyDocument,
  type PolicyFileProblem,
  type WrittenObject,
} from '../policy/load/document.ts';
import type { CompileExpression } from '../policy/schema/schema.ts';
import { ok, type Result } from '../result.ts';
import { readTrustRoot, trustRootKind, type TrustRoot } from './schema.ts';

export type TrustRootDocument = WrittenObject & { readonly trustRoot: TrustRoot };

/** What a policy file holds: policies, and the trust roots that belong to them. */
export interface PolicyFile {
  readonly policies: readonly PolicyDocument[];
  readonly trustRoots: readonly TrustRootDocument[];
}

const trustRootDocuments: DocumentKind<Pick<TrustRootDocument, 'trustRoot'>> = {
  kind: trustRootKind,
  read: (value) => {
    const read = readTrustRoot(value);
    return read.ok ? ok({ trustRoot: read.value }) : read;
  },
};

type Kind = DocumentKind<Pick<PolicyDocument, 'policy'> | Pick<TrustRootDocument, 'trustRoot'>>;

/**
 * Reads a policy file: YAML with any number of documents, or JSON; each an ImagePolicy, a TrustRoot or a List of them.
 * @returns its objects in order (none, if it holds only comments), or every problem in it; never throws.
 */
export const readPolicyFile = (
  text: string,
  file: string,
  compileExpression: CompileExpression,
): Result<PolicyFile, readonly PolicyFileProblem[]> => {
  const kinds: readonly Kind[] = [policyDocuments(compileExpression), trustRootDocuments];
  const read = readObjects(text, file, kinds);
  if (!read.ok) return read;
  return ok({
    policies: read.value.filter((one) => 'policy' in one),
    trustRoots: read.value.filter((one) => 'trustRoot' in one),
  });
};

/** Names that more than one policy, or more than one trust root, of a set has. */
export const findRepeatedNames = ({ policies, trustRoots }: PolicyFile): readonly PolicyFileProblem[] => [
  ...findDuplicateNames('policy', policies, ({ policy }) => policy.metadata.name),
  ...findDuplicateNames('trust root', trustRoots, ({ trustRoot }) => trustRoot.name),
];
