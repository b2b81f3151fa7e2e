import { findDuplicateNames, type PolicyFileProblem } from '../../../core/policy/load/document.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { suggest } from '../../../core/policy/load/suggestion.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { textOf } from '../../../core/text/json/json.ts';
import type { GatekeeperDocument } from '../../../core/trust-root/policy-file.ts';
import { groupOf } from '../../../core/workload/kinds/kinds.ts';
import { metadataOf, objectName } from '../../../core/workload/object-metadata.ts';
import { constraintGroup, readWrittenConstraint, type WrittenConstraint } from '../constraint.ts';
import {
  readTemplate,
  ruleRemarks,
  templateGroup,
  type ConstraintTemplate,
  type TemplateProblem,
} from '../constraint-template.ts';
import { writtenKind } from '../crd-fields.ts';
import { enforcementProblems } from '../enforcement.ts';
import { readExcludedNamespaces } from '../excluded-namespaces.ts';
import { createConstraintSet, type CompiledConstraints } from './constraint-set.ts';

/** Where Gatekeeper looks for its Config. One in another namespace changes nothing there. */
const configNamespace = 'gatekeeper-system';

type Problems = readonly PolicyFileProblem[];

const groupOfDocument = ({ gatekeeper }: GatekeeperDocument): string =>
  groupOf(textOf(gatekeeper['apiVersion']));

const placed = (
  document: GatekeeperDocument,
  { path, message, suggestion, line, column }: TemplateProblem,
): PolicyFileProblem => ({
  file: document.file,
  ...document.locate(path),
  message: line === undefined ? message : `line ${line}, column ${column ?? 1} of the text: ${message}`,
  ...(suggestion === undefined ? {} : { suggestion }),
});

/** What can be read of documents, each with its own, and what is wrong with the rest. */
interface Read<T> {
  readonly values: readonly T[];
  readonly documents: readonly GatekeeperDocument[];
  readonly problems: Problems;
}

const readEach = <T>(
  documents: readonly GatekeeperDocument[],
  read: (document: GatekeeperDocument) => Result<T, readonly PolicyProblem[]>,
): Read<T> => {
  const values: T[] = [];
  const readable: GatekeeperDocument[] = [];
  const problems: PolicyFileProblem[] = [];
  for (const document of documents) {
    const one = read(document);
    if (one.ok) {
      values.push(one.value);
      readable.push(document);
    } else problems.push(...one.error.map((problem) => placed(document, problem)));
  }
  return { values, documents: readable, problems };
};

const readOfTemplates = (
  { gatekeeper }: GatekeeperDocument,
  templates: ReadonlyMap<string, ConstraintTemplate>,
): Result<WrittenConstraint, readonly PolicyProblem[]> => {
  const kind = textOf(gatekeeper['kind']);
  const template = templates.get(kind);
  if (template === undefined) {
    const suggestion = suggest(kind, [...templates.keys()]);
    return fail([
      {
        path: ['kind'],
        message: `no template of this set makes constraints of the kind ${JSON.stringify(kind)}`,
        ...(suggestion === undefined ? {} : { suggestion }),
      },
    ]);
  }
  const read = readWrittenConstraint(gatekeeper, template);
  if (!read.ok) return read;
  const problems = enforcementProblems(read.value.constraint.enforcement);
  return problems.length === 0 ? read : fail(problems);
};

const readConfig = ({
  gatekeeper,
}: GatekeeperDocument): Result<readonly string[], readonly PolicyProblem[]> => {
  const namespace = textOf(metadataOf(gatekeeper)['namespace']);
  if (namespace !== configNamespace)
    return fail([
      {
        path: ['metadata', 'namespace'],
        message: `a Config counts in the namespace ${configNamespace} alone`,
      },
    ]);
  return readExcludedNamespaces(gatekeeper);
};

const nameOf = ({ gatekeeper }: GatekeeperDocument): string => objectName(gatekeeper);

/** Constraints of files, and what the API server would ask of them that nobody can ask here. */
interface FileConstraints {
  readonly set: CompiledConstraints;
  readonly remarks: Problems;
}

const remarksOn = <T>(
  { values, documents }: Read<T>,
  remarksOf: (value: T) => readonly PolicyProblem[],
): Problems =>
  values.flatMap((value, at) => {
    const document = documents[at];
    return document === undefined ? [] : remarksOf(value).map((remark) => placed(document, remark));
  });

/** The constraints of files with their templates: all of them, or every mistake in them (R8). */
export const constraintsOfFiles = (
  documents: readonly GatekeeperDocument[],
  digest: (text: string) => string,
): Result<FileConstraints, Problems> => {
  const ofGroup = (group: string): readonly GatekeeperDocument[] =>
    documents.filter((document) => groupOfDocument(document) === group);
  const templateDocuments = ofGroup(templateGroup);
  const constraintDocuments = ofGroup(constraintGroup);
  const others = documents.filter((one) => ![templateGroup, constraintGroup].includes(groupOfDocument(one)));
  const templates = readEach(templateDocuments, ({ gatekeeper }) =>
    readTemplate(gatekeeper, { hasInventory: false }),
  );
  const byKind = new Map(templates.values.map((template) => [template.kind, template]));
  // A template that is broken is told once, and not again for each of its constraints.
  const broken = new Set(templateDocuments.map(({ gatekeeper }) => writtenKind(gatekeeper)));
  for (const kind of byKind.keys()) broken.delete(kind);
  const constraints = readEach(
    constraintDocuments.filter(({ gatekeeper }) => !broken.has(textOf(gatekeeper['kind']))),
    (document) => readOfTemplates(document, byKind),
  );
  const configs = readEach(others, readConfig);
  const problems = [
    ...findDuplicateNames('template', templateDocuments, nameOf),
    ...findDuplicateNames(
      'constraint',
      constraintDocuments,
      (document) => `${textOf(document.gatekeeper['kind'])}/${nameOf(document)}`,
    ),
    ...templates.problems,
    ...constraints.problems,
    ...configs.problems,
  ];
  if (problems.length > 0) return fail(problems);
  const inOrder = constraints.values
    .map(({ constraint }) => constraint)
    .toSorted((one, other) => (`${one.kind}/${one.name}` < `${other.kind}/${other.name}` ? -1 : 1));
  const set = createConstraintSet({
    constraints: inOrder,
    excludedNamespaces: configs.values.flat(),
    version: digest(JSON.stringify(documents.map(({ gatekeeper }) => gatekeeper))),
  });
  const remarks = [
    ...remarksOn(templates, ({ parameters }) => ruleRemarks(parameters)),
    ...remarksOn(constraints, (written) => written.remarks),
  ];
  return ok({ set, remarks });
};
