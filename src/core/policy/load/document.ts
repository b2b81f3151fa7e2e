import { LineCounter, type Document } from 'yaml';
import { shown } from '../../text/shown-text.ts';
import { isJsonObject, textOf } from '../../text/json/json.ts';
import { messageOf, fail, ok, type Result } from '../../result.ts';
import { explainYaml, maxYamlDepth, tooDeepToRead } from '../../text/yaml/limits.ts';
import { createLatePlaces, findDuplicateKeys, placeAt, placeOf } from './document-place.ts';
import type { Place } from '../../text/parsed-text.ts';
import { faultsOf, isNestedTooDeep, parsePolicyYaml } from './document-yaml.ts';
import { policyKind, readPolicy, type CompileExpression, type ImagePolicy } from '../schema/schema.ts';
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

/** Where one object of a file is written (for remarks about it). */
export interface WrittenObject extends Place {
  readonly file: string;
  /** The place of a field of the object, or of the nearest field around it. */
  locate(path: Path): Place;
}
export type PolicyDocument = WrittenObject & { readonly policy: ImagePolicy };

/** A kind of object that files may hold. */
export interface DocumentKind<T> {
  readonly kind: string;
  /** Other kinds that are read the same way, by their group. A mistake in such a name is no mistake for `kind`. */
  readonly groups?: readonly string[];
  readonly read: (value: unknown) => Result<T, readonly PolicyProblem[]>;
}

export const policyDocuments = (
  compileExpression: CompileExpression,
): DocumentKind<Pick<PolicyDocument, 'policy'>> => ({
  kind: policyKind,
  read: (value) => {
    const read = readPolicy(value, compileExpression);
    return read.ok ? ok({ policy: read.value }) : read;
  },
});

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

/** A document while it is read, and what finds its places when it is gone. */
interface Reading {
  readonly document: Document;
  readonly locateLater: (path: Path) => Place;
}

/** One object of a file: a document, or an item of a List in it. */
interface Entry extends Reading {
  readonly value: unknown;
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

type Kinds<T> = readonly DocumentKind<T>[];

const isList = (value: unknown, kinds: Kinds<unknown>): boolean =>
  isJsonObject(value) && ['List', ...kinds.map(({ kind }) => `${kind}List`)].includes(textOf(value['kind']));

/** A `List`, as `kubectl get -o yaml` prints it, counts as its items. */
const entriesOf = (value: unknown, reading: Reading, kinds: Kinds<unknown>): readonly Entry[] => {
  if (!isList(value, kinds) || !isJsonObject(value) || !Array.isArray(value['items']))
    return [{ ...reading, value, path: [] }];
  return value['items'].map((item: unknown, index) => ({ ...reading, value: item, path: ['items', index] }));
};

/** An object of another kind, judged before its fields are. */
const kindProblem = (value: unknown, kinds: Kinds<unknown>): PolicyProblem => {
  const names = kinds.filter(({ groups }) => groups === undefined).map(({ kind }) => kind);
  const oneOfThem = `an ${names.join(' or a ')}`;
  if (isList(value, kinds))
    return { path: ['items'], message: `a List needs "items", a list of ${names.join(' and ')} objects` };
  if (!isJsonObject(value))
    return { path: [], message: `this is no Kubernetes object; ${oneOfThem} belongs here` };
  const { kind } = value;
  if (typeof kind !== 'string')
    return { path: [], message: `has neither apiVersion nor kind; ${oneOfThem} belongs here` };
  const quoted = JSON.stringify(cutMiddle(kind, 80));
  const suggestion = suggest(kind, names);
  const hasOthers = kinds.some(({ groups }) => groups !== undefined);
  const ofOthers = hasOthers ? ' and templates, constraints and the Config of Gatekeeper' : '';
  return suggestion === undefined
    ? {
        path: ['kind'],
        message: `${quoted} is no policy of this gate; keep only ${names.join(' and ')} objects${ofOthers} in policy files`,
      }
    : { path: ['kind'], message: `unknown kind ${quoted}`, suggestion };
};

const kindOf = <T>(value: unknown, kinds: Kinds<T>): DocumentKind<T> | undefined => {
  if (!isJsonObject(value)) return undefined;
  const { kind, apiVersion } = value;
  // An object that names neither is none of ours. One without a kind is told so by the fields of the first.
  if (typeof kind !== 'string') return kind === undefined && apiVersion === undefined ? undefined : kinds[0];
  const [group = ''] = textOf(apiVersion).split('/', 1);
  return kinds.find((one) => (one.groups === undefined ? one.kind === kind : one.groups.includes(group)));
};

type Documents<T> = readonly Result<WrittenObject & T, readonly PolicyFileProblem[]>[];

/** These two hold nothing of the document that is read: they stay as long as the object. */
const lateIn =
  (later: ReturnType<typeof createLatePlaces>, index: number): Reading['locateLater'] =>
  (path) =>
    later(index, path);
const laterIn =
  (locateLater: Reading['locateLater'], path: Path): WrittenObject['locate'] =>
  (inner) =>
    locateLater([...path, ...inner]);

const readEntry = <T>(source: Source, entry: Entry, kinds: Kinds<T>): Documents<T> => {
  const { value, document, path, locateLater } = entry;
  const locate = (inner: Path): Place => placeOf(document, source.lines, [...path, ...inner]);
  const read = kindOf(value, kinds)?.read(value) ?? fail([kindProblem(value, kinds)]);
  if (read.ok)
    return [ok({ ...read.value, file: source.file, ...locate([]), locate: laterIn(locateLater, path) })];
  const problems = read.error.map((problem) =>
    problemAt(source, locate(problem.path), problem.message, problem.suggestion),
  );
  return [fail(problems)];
};

const readDocument = <T>(source: Source, reading: Reading, kinds: Kinds<T>): Documents<T> => {
  const { document } = reading;
  const syntax = syntaxProblems(source, document);
  if (syntax.length > 0) return [fail(syntax)];
  const value = toValue(source, document);
  if (!value.ok) return [fail([value.error])];
  // Nothing between two `---`, or only comments.
  if (value.value === null) return [];
  return entriesOf(value.value, reading, kinds).flatMap((entry) => readEntry(source, entry, kinds));
};

const readDocuments = <T>(text: string, file: string, kinds: Kinds<T>): Documents<T> => {
  const source = { file, lines: new LineCounter() };
  const later = createLatePlaces(text);
  try {
    return parsePolicyYaml(text, source.lines).flatMap((document, index) => {
      const locateLater = lateIn(later, index);
      return readDocument(source, { document, locateLater }, kinds);
    });
  } catch (error) {
    // Absurd nesting can end the stack outside of what the parser catches.
    if (!(error instanceof RangeError)) throw error;
    return [fail([{ file, message: `is ${tooDeepToRead}` }])];
  }
};

/**
 * Reads a file: YAML with any number of documents, or JSON; each an object of one of the kinds or a List of them.
 * @returns its objects in order (none, if it holds only comments), or every problem in it; never throws.
 */
export const readObjects = <T>(
  text: string,
  file: string,
  kinds: Kinds<T>,
): Result<readonly (WrittenObject & T)[], readonly PolicyFileProblem[]> => {
  if (text.length > maxPolicyFileBytes) return fail([{ file, message: 'is larger than 1 MiB' }]);
  if (isNestedTooDeep(text))
    return fail([{ file, message: `is nested more than ${maxYamlDepth} levels deep` }]);
  const results = readDocuments(text, file, kinds);
  const problems = results.flatMap((result) => (result.ok ? [] : result.error));
  if (problems.length > 0) return fail(problems.sort(byPlace));
  return ok(results.flatMap((result) => (result.ok ? [result.value] : [])));
};

/** Names that more than one object of a kind has: findings could not distinguish them. */
export const findDuplicateNames = <T extends WrittenObject>(
  what: string,
  documents: readonly T[],
  nameOf: (document: T) => string,
): readonly PolicyFileProblem[] => {
  const first = new Map<string, T>();
  return documents.flatMap((document) => {
    const name = nameOf(document);
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, document);
      return [];
    }
    const place = document.locate(['metadata', 'name']);
    const message = `${what} ${JSON.stringify(name)} is already defined in ${other.file}:${other.line}`;
    return [{ file: document.file, line: place.line, column: place.column, message }];
  });
};
