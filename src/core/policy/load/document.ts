import { LineCounter, type Document } from 'yaml';
import { shown } from '../../text/shown-text.ts';
import { isJsonObject } from '../../text/json/json.ts';
import { messageOf, fail, ok, type Result } from '../../result.ts';
import { explainYaml, maxYamlDepth, tooDeepToRead } from '../../text/yaml/limits.ts';
import { findDuplicateKeys, placeAt, placeOf } from './document-place.ts';
import type { Place } from '../../text/parsed-text.ts';
import { faultsOf, isNestedTooDeep, parsePolicyYaml } from './document-yaml.ts';
import { policyKind, readPolicy, type ImagePolicy } from '../schema/schema.ts';
import type { PolicyProblem } from './schema-problem.ts';
import { suggest } from './suggestion.ts';
import { cutMiddle } from '../../text/cut-middle.ts';

type Path = readonly (string | number)[];

/** Something wrong in a policy file. Without line and column it is about the file or directory itself. */
export interface PolicyFileProblem {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly suggestion?: string;
}

/** One policy of a file, and where its parts are written (for remarks about it). */
export interface PolicyDocument extends Place {
  readonly policy: ImagePolicy;
  readonly file: string;
  /** The place of a field of the policy, or of the nearest field around it. */
  locate(path: Path): Place;
}

/** Larger files are refused unread; a policy with every list full is far smaller. */
export const maxPolicyFileBytes = 1024 * 1024;

const maxAliases = 100;

/** `policies/a.yaml:12:9: unknown field "registeries"; did you mean "registries"?` */
export const formatProblem = ({ file, line, column, message, suggestion }: PolicyFileProblem): string => {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const meant = suggestion === undefined ? '' : `; did you mean ${JSON.stringify(suggestion)}?`;
  // Parser messages quote the file, and a file may hold anything.
  return `${shown(place)}: ${shown(message)}${meant}`;
};

interface Source {
  readonly file: string;
  readonly lines: LineCounter;
}

/** One object of a file: a document, or an item of a List in it. */
interface Entry {
  readonly value: unknown;
  readonly document: Document;
  readonly path: Path;
}

const problemAt = (
  source: Source,
  place: Place,
  message: string,
  suggestion?: string,
): PolicyFileProblem => ({
  file: source.file,
  line: place.line,
  column: place.column,
  message,
  ...(suggestion === undefined ? {} : { suggestion }),
});

const byPlace = (a: PolicyFileProblem, b: PolicyFileProblem): number =>
  (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);

const syntaxProblems = (source: Source, document: Document): readonly PolicyFileProblem[] => [
  ...faultsOf(document).map(({ offset, message }) =>
    problemAt(source, placeAt(source.lines, offset), message),
  ),
  ...findDuplicateKeys(document.contents).map(({ key, offset, firstOffset }) =>
    problemAt(
      source,
      placeAt(source.lines, offset),
      `field ${JSON.stringify(key)} is written twice, first on line ${placeAt(source.lines, firstOffset).line}`,
    ),
  ),
];

const toValue = (source: Source, document: Document): Result<unknown, PolicyFileProblem> => {
  try {
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    return ok(value);
  } catch (error) {
    // The parser throws for aliases that are unknown or that multiply beyond the limit.
    const why = explainYaml(messageOf(error));
    return fail(problemAt(source, placeOf(document, source.lines, []), why));
  }
};

const isList = (value: unknown): boolean =>
  isJsonObject(value) && (value['kind'] === 'List' || value['kind'] === `${policyKind}List`);

/** A `List`, as `kubectl get -o yaml` prints it, counts as its items. */
const entriesOf = (value: unknown, document: Document): readonly Entry[] => {
  if (!isList(value) || !isJsonObject(value) || !Array.isArray(value['items']))
    return [{ value, document, path: [] }];
  return value['items'].map((item: unknown, index) => ({ value: item, document, path: ['items', index] }));
};

/** A document that is no ImagePolicy at all, judged before its fields are. */
const kindProblem = (value: unknown): PolicyProblem | undefined => {
  if (isList(value))
    return { path: ['items'], message: 'a List needs "items", a list of ImagePolicy objects' };
  if (!isJsonObject(value))
    return { path: [], message: 'this is no Kubernetes object; an ImagePolicy belongs here' };
  const { kind, apiVersion } = value;
  if (kind === undefined && apiVersion === undefined) {
    return { path: [], message: 'has neither apiVersion nor kind; an ImagePolicy belongs here' };
  }
  if (typeof kind !== 'string' || kind === policyKind) return undefined;
  const quoted = JSON.stringify(cutMiddle(kind, 80));
  const suggestion = suggest(kind, [policyKind]);
  return suggestion === undefined
    ? {
        path: ['kind'],
        message: `${quoted} is no policy of this gate; keep only ImagePolicy objects in policy files`,
      }
    : { path: ['kind'], message: `unknown kind ${quoted}`, suggestion };
};

const readEntry = (
  source: Source,
  { value, document, path }: Entry,
): Result<PolicyDocument, readonly PolicyFileProblem[]> => {
  const locate = (inner: Path): Place => placeOf(document, source.lines, [...path, ...inner]);
  const kind = kindProblem(value);
  const read = kind === undefined ? readPolicy(value) : fail([kind]);
  if (!read.ok) {
    return fail(
      read.error.map((problem) =>
        problemAt(source, locate(problem.path), problem.message, problem.suggestion),
      ),
    );
  }
  return ok({ policy: read.value, file: source.file, ...locate([]), locate });
};

const readDocument = (
  source: Source,
  document: Document,
): readonly Result<PolicyDocument, readonly PolicyFileProblem[]>[] => {
  const syntax = syntaxProblems(source, document);
  if (syntax.length > 0) return [fail(syntax)];
  const value = toValue(source, document);
  if (!value.ok) return [fail([value.error])];
  // Nothing between two `---`, or only comments.
  if (value.value === null) return [];
  return entriesOf(value.value, document).map((entry) => readEntry(source, entry));
};

const readDocuments = (
  text: string,
  file: string,
): readonly Result<PolicyDocument, readonly PolicyFileProblem[]>[] => {
  const source = { file, lines: new LineCounter() };
  try {
    return parsePolicyYaml(text, source.lines).flatMap((document) => readDocument(source, document));
  } catch (error) {
    // Absurd nesting can end the stack outside of what the parser catches.
    if (!(error instanceof RangeError)) throw error;
    return [fail([{ file, message: `is ${tooDeepToRead}` }])];
  }
};

/**
 * Reads a policy file: YAML with any number of documents, or JSON; each an ImagePolicy or a List of them.
 * @returns its policies in order (none, if it holds only comments), or every problem in it; never throws.
 */
export const readPolicyFile = (
  text: string,
  file: string,
): Result<readonly PolicyDocument[], readonly PolicyFileProblem[]> => {
  if (text.length > maxPolicyFileBytes) return fail([{ file, message: 'is larger than 1 MiB' }]);
  if (isNestedTooDeep(text))
    return fail([{ file, message: `is nested more than ${maxYamlDepth} levels deep` }]);
  const results = readDocuments(text, file);
  const problems = results.flatMap((result) => (result.ok ? [] : result.error));
  if (problems.length > 0) return fail(problems.sort(byPlace));
  return ok(results.flatMap((result) => (result.ok ? [result.value] : [])));
};

/** Names that more than one document of the set has: findings could not distinguish such policies. */
export const findDuplicateNames = (documents: readonly PolicyDocument[]): readonly PolicyFileProblem[] => {
  const first = new Map<string, PolicyDocument>();
  return documents.flatMap((document) => {
    const { name } = document.policy.metadata;
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, document);
      return [];
    }
    const place = document.locate(['metadata', 'name']);
    const message = `policy ${JSON.stringify(name)} is already defined in ${other.file}:${other.line}`;
    return [{ file: document.file, line: place.line, column: place.column, message }];
  });
};
