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
import { objectOf, type JsonObject } from '../text/json/json.ts';
import { readTrustRoot, trustRootKind, type TrustRoot } from './schema.ts';

export type TrustRootDocument = WrittenObject & { readonly trustRoot: TrustRoot };

/** An object of Gatekeeper as it is written: core knows no policy language, so somebody else reads it. */
export type GatekeeperDocument = WrittenObject & { readonly gatekeeper: JsonObject };

/** What a policy file holds: policies, the trust roots that belong to them, and objects of Gatekeeper. */
export interface PolicyFile {
  readonly gatekeeper: readonly GatekeeperDocument[];
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

const gatekeeperDocuments: DocumentKind<Pick<GatekeeperDocument, 'gatekeeper'>> = {
  kind: 'ConstraintTemplate',
  groups: ['templates', 'constraints', 'config'].map((name) => `${name}.gatekeeper.sh`),
  read: (value) => ok({ gatekeeper: objectOf(value) }),
};

type Kind = DocumentKind<
  | Pick<PolicyDocument, 'policy'>
  | Pick<TrustRootDocument, 'trustRoot'>
  | Pick<GatekeeperDocument, 'gatekeeper'>
>;

/**
 * Reads a policy file: YAML with any number of documents, or JSON; each an ImagePolicy, a TrustRoot or a List of them.
 * @param takesGatekeeper - objects of Gatekeeper are taken as well; else they are problems
 * @returns its objects in order (none, if it holds only comments), or every problem in it; never throws.
 */
export const readPolicyFile = (
  text: string,
  file: string,
  compileExpression: CompileExpression,
  takesGatekeeper = false,
): Result<PolicyFile, readonly PolicyFileProblem[]> => {
  const kinds: readonly Kind[] = [
    policyDocuments(compileExpression),
    trustRootDocuments,
    ...(takesGatekeeper ? [gatekeeperDocuments] : []),
  ];
  const read = readObjects(text, file, kinds);
  if (!read.ok) return read;
  return ok({
    policies: read.value.filter((one) => 'policy' in one),
    trustRoots: read.value.filter((one) => 'trustRoot' in one),
    gatekeeper: read.value.filter((one) => 'gatekeeper' in one),
  });
};

/** Names that more than one policy, or more than one trust root, of a set has. */
export const findRepeatedNames = ({
  policies,
  trustRoots,
}: Pick<PolicyFile, 'policies' | 'trustRoots'>): readonly PolicyFileProblem[] => [
  ...findDuplicateNames('policy', policies, ({ policy }) => policy.metadata.name),
  ...findDuplicateNames('trust root', trustRoots, ({ trustRoot }) => trustRoot.name),
];
