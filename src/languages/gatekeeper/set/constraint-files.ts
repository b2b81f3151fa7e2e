import { findDuplicateNames, type PolicyFileProblem } from '../../../core/policy/load/document.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { suggest } from '../../../core/policy/load/suggestion.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Steps } from '../../../core/steps.ts';
import { textOf } from '../../../core/text/json/json.ts';
import type { GatekeeperDocument } from '../../../core/trust-root/policy-file.ts';
import { groupOf } from '../../../core/workload/kinds/kinds.ts';
import { metadataOf, objectName } from '../../../core/workload/object-metadata.ts';
import { constraintGroup, readWrittenConstraint, type WrittenConstraint } from '../constraint.ts';
import { readTemplate, ruleRemarks, templateGroup, type ConstraintTemplate } from '../constraint-template.ts';
import { writtenKind } from '../crd-fields.ts';
import { enforcementProblems } from '../enforcement.ts';
import { readExcludedNamespaces } from '../excluded-namespaces.ts';
import { createConstraintSet, type CompiledConstraints } from './constraint-set.ts';
import {
  placed,
  readEach,
  ReadingMemory,
  type DocumentReader,
  type ReadDocuments,
  type Written,
} from './read-documents.ts';

/** Where Gatekeeper looks for its Config. One in another namespace changes nothing there. */
const configNamespace = 'gatekeeper-system';

type Problems = readonly PolicyFileProblem[];

const groupOfDocument = ({ gatekeeper }: GatekeeperDocument): string =>
  groupOf(textOf(gatekeeper['apiVersion']));

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
  { read }: ReadDocuments<T>,
  remarksOf: (value: T) => readonly PolicyProblem[],
): Problems =>
  read.flatMap(({ document, value }) => remarksOf(value).map((remark) => placed(document, remark)));

const createReaders = () => {
  const templates = new ReadingMemory<ConstraintTemplate>();
  const constraints = new ReadingMemory<WrittenConstraint>();
  const configs = new ReadingMemory<readonly string[]>();
  return {
    templates: {
      memory: templates,
      read: ({ gatekeeper }: GatekeeperDocument) => readTemplate(gatekeeper, { hasInventory: false }),
      by: () => undefined,
    },
    constraintsOf: (byKind: ReadonlyMap<string, ConstraintTemplate>): DocumentReader<WrittenConstraint> => ({
      memory: constraints,
      read: (document) => readOfTemplates(document, byKind),
      // Without its template, what is wrong with it depends on all others.
      by: ({ gatekeeper }) => byKind.get(textOf(gatekeeper['kind'])) ?? byKind,
    }),
    configs: { memory: configs, read: readConfig, by: () => undefined },
    close: (): void => {
      for (const memory of [templates, constraints, configs]) memory.close();
    },
  };
};

const documentsOf = (written: readonly Written[]): readonly GatekeeperDocument[] =>
  written.map(({ document }) => document);

/**
 * Reads the constraints of files with their templates: all of them, or every mistake in them (R8). A step reads one
 * document. What stood in the set before is not read again, so that one template that changes compiles nothing but itself.
 */
export const createConstraintFiles = (digest: (text: string) => string) => {
  const readers = createReaders();
  return function* (documents: readonly GatekeeperDocument[]): Steps<Result<FileConstraints, Problems>> {
    const written = documents.map((document) => ({ document, text: JSON.stringify(document.gatekeeper) }));
    const ofGroup = (group: string): readonly Written[] =>
      written.filter(({ document }) => groupOfDocument(document) === group);
    const templateDocuments = ofGroup(templateGroup);
    const constraintDocuments = ofGroup(constraintGroup);
    const others = written.filter(
      ({ document }) => ![templateGroup, constraintGroup].includes(groupOfDocument(document)),
    );
    const templates = yield* readEach(templateDocuments, readers.templates);
    const byKind = new Map(templates.read.map(({ value }) => [value.kind, value]));
    // A template that is broken is told once, and not again for each of its constraints.
    const broken = new Set(templateDocuments.map(({ document }) => writtenKind(document.gatekeeper)));
    for (const kind of byKind.keys()) broken.delete(kind);
    const constraints = yield* readEach(
      constraintDocuments.filter(({ document }) => !broken.has(textOf(document.gatekeeper['kind']))),
      readers.constraintsOf(byKind),
    );
    const configs = yield* readEach(others, readers.configs);
    readers.close();
    const problems = [
      ...findDuplicateNames('template', documentsOf(templateDocuments), nameOf),
      ...findDuplicateNames(
        'constraint',
        documentsOf(constraintDocuments),
        (document) => `${textOf(document.gatekeeper['kind'])}/${nameOf(document)}`,
      ),
      ...templates.problems,
      ...constraints.problems,
      ...configs.problems,
    ];
    if (problems.length > 0) return fail(problems);
    const inOrder = constraints.read
      .map(({ value }) => value.constraint)
      .toSorted((one, other) => (`${one.kind}/${one.name}` < `${other.kind}/${other.name}` ? -1 : 1));
    const set = createConstraintSet({
      constraints: inOrder,
      excludedNamespaces: configs.read.flatMap(({ value }) => value),
      version: digest(`[${written.map(({ text }) => text).join(',')}]`),
    });
    const remarks = [
      ...remarksOn(templates, ({ parameters }) => ruleRemarks(parameters)),
      ...remarksOn(constraints, (one) => one.remarks),
    ];
    return ok({ set, remarks });
  };
};
/** Reads the constraints of one set after another. */
export type ConstraintFiles = ReturnType<typeof createConstraintFiles>;
