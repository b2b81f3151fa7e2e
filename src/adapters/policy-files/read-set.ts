import { createHash } from 'node:crypto';
import { systemClock } from '../../concurrency/clock.ts';
import { createTurns } from '../../concurrency/yield.ts';
import {
  maxPolicyFileBytes,
  type PolicyDocument,
  type PolicyFileProblem,
} from '../../core/policy/load/document.ts';
import { suggest } from '../../core/policy/load/suggestion.ts';
import type { CompileExpression, ImagePolicy } from '../../core/policy/schema/schema.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { namedTrustRoots, type NamedTrustRoot } from '../../core/trust-root/named-roots.ts';
import {
  findRepeatedNames,
  readPolicyFile,
  type GatekeeperDocument,
  type TrustRootDocument,
} from '../../core/trust-root/policy-file.ts';
import type { TrustRootSnapshot } from '../../evidence/trust/trust-root.ts';
import type { ConstraintSet } from '../../gate/constraints.ts';
import { findContents, namedPaths, takeSnapshots } from './trust-roots.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { notRegular, whyUnreadable, type Scan, type ScannedFile } from './scan.ts';

/** Bytes of all files of one set. */
const maxSetBytes = 16 * 1024 * 1024;

/** A complete policy set: never a part of one (R8). */
export interface PolicyFileSet {
  readonly policies: readonly ImagePolicy[];
  /** The same policies with the places of their parts, for remarks about them. */
  readonly documents: readonly PolicyDocument[];
  /** The trust roots of the set. They come into force with its policies, and with no others. */
  readonly trustRoots: readonly TrustRootSnapshot[];
  readonly rootDocuments: readonly TrustRootDocument[];
  /** The constraints of the set; `undefined`: it holds no objects of Gatekeeper. */
  readonly constraints: ConstraintSet | undefined;
  /** What is not sure of these constraints. */
  readonly constraintRemarks: Problems;
  /** `sha256:` and 16 hex digits over names and contents; the same files give the same version anywhere. */
  readonly version: string;
}

type Problems = readonly PolicyFileProblem[];

/** Makes constraints of the objects of Gatekeeper in a set, all of them or none (R8). */
export type ReadConstraints = (
  documents: readonly GatekeeperDocument[],
) => Promise<Result<{ readonly set: ConstraintSet; readonly remarks: Problems }, Problems>>;

/** What a set is read with. */
export interface SetReading {
  /** Names of the trust roots that are there without a document. */
  readonly shippedRoots?: readonly string[];
  readonly compileExpression: CompileExpression;
  /** Absent: objects of Gatekeeper are problems. */
  readonly readConstraints?: ReadConstraints;
}

interface ReadFile extends ScannedFile {
  readonly text: string;
  readonly bytes: Buffer;
}

const readText = async (file: ScannedFile): Promise<Result<ReadFile, PolicyFileProblem>> => {
  const problem = (message: string) => fail({ file: file.shown, message });
  try {
    const { bytes } = await readRegularFile(file.shown, maxPolicyFileBytes);
    if (!bytes.ok) return problem(bytes.error === 'too-large' ? 'is larger than 1 MiB' : notRegular);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.value);
    // An editor may have just truncated it; taken as "no policies" it would open the gate.
    return text.trim() === '' ? problem('is empty') : ok({ ...file, text, bytes: bytes.value });
  } catch (error) {
    return problem(error instanceof TypeError ? 'is not valid UTF-8' : whyUnreadable(error));
  }
};

const versionOf = (files: readonly ReadFile[]): string => {
  const hash = createHash('sha256');
  for (const { name, bytes } of [...files].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))) {
    // Lengths first, so that no content can look like the next name.
    hash.update(`${Buffer.byteLength(name)} ${bytes.length}\n${name}`).update(bytes);
  }
  return `sha256:${hash.digest('hex').slice(0, 16)}`;
};

/** A folder's `*.jsonl` is read only when a trust root names it. */
const holdsRootsOnly = ({ name, folder }: ScannedFile): boolean =>
  folder !== undefined && name.endsWith('.jsonl');

/** The files of a set that are read, within the bounds of the set. */
const createReader = () => {
  const files = new Map<string, ReadFile>();
  const tried = new Set<string>();
  let size = 0;
  return {
    files,
    /** Reads a file once. @returns why it cannot be taken */
    read: async (file: ScannedFile): Promise<PolicyFileProblem | undefined> => {
      if (tried.has(file.shown)) return undefined;
      tried.add(file.shown);
      const read = await readText(file);
      if (!read.ok) return read.error;
      size += read.value.bytes.length;
      if (size > maxSetBytes) return { file: file.shown, message: 'is beyond the 16 MiB of a policy set' };
      files.set(file.shown, read.value);
      return undefined;
    },
    isFull: () => size > maxSetBytes,
  };
};
type Reader = ReturnType<typeof createReader>;

/** @returns the problems; nothing is read any more once the set is full */
const readAll = async (reader: Reader, files: readonly ScannedFile[]): Promise<Problems> => {
  const problems: PolicyFileProblem[] = [];
  for (const file of files) {
    const problem = await reader.read(file);
    if (problem !== undefined) problems.push(problem);
    if (reader.isFull()) break;
  }
  return problems;
};

/** S9: a policy that names a root which nobody gave, or which cannot serve it, could only ever refuse. */
const unusableRoots = (
  policies: readonly PolicyDocument[],
  shipped: readonly string[],
  roots: readonly TrustRootSnapshot[],
): Problems => {
  const known = [...shipped, ...roots.map(({ name }) => name)];
  const plain = new Set(roots.filter(({ kind }) => kind === 'x509').map(({ name }) => name));
  const whyNot = ({ name, path }: NamedTrustRoot): string | undefined => {
    const quoted = JSON.stringify(name);
    if (!known.includes(name))
      return `there is no trust root ${quoted} in this set; add a TrustRoot of that name`;
    const field = path.at(-2);
    if (!plain.has(name) || field === 'certificate') return undefined;
    return `the trust root ${quoted} is a plain CA (x509), which has no logs and timestamps: \`${String(field)}\` needs one of Sigstore`;
  };
  return policies.flatMap((document) =>
    namedTrustRoots(document.policy).flatMap((named): Problems => {
      const message = whyNot(named);
      if (message === undefined) return [];
      const suggestion = known.includes(named.name) ? undefined : suggest(named.name, known);
      const place = { file: document.file, ...document.locate(named.path) };
      return [{ ...place, message, ...(suggestion === undefined ? {} : { suggestion }) }];
    }),
  );
};

const problemsIn = <T>(results: readonly Result<T, Problems>[]): Problems =>
  results.flatMap((result) => (result.ok ? [] : result.error));
const valuesIn = <T>(results: readonly Result<T, Problems>[]): readonly T[] =>
  results.flatMap((result) => (result.ok ? [result.value] : []));

/** A folder of hundreds of files is read while others are answered: it may have changed under a gate at work. */
const parsedFiles = async (
  reader: Reader,
  compileExpression: CompileExpression,
  takesGatekeeper: boolean,
) => {
  const turns = createTurns(systemClock);
  const parsed: { readonly shown: string; readonly file: ReturnType<typeof readPolicyFile> }[] = [];
  for (const { shown, text } of reader.files.values()) {
    parsed.push({ shown, file: readPolicyFile(text, shown, compileExpression, takesGatekeeper) });
    await turns.next();
  }
  return parsed;
};

/** The files that no trust root names. */
const notNamed = <T>(
  parsed: readonly { readonly shown: string; readonly file: T }[],
  roots: readonly TrustRootDocument[],
): readonly T[] => {
  const named = namedPaths(roots);
  return parsed.flatMap(({ shown, file }) => (named.has(shown) ? [] : [file]));
};

const emptySet = (paths: readonly string[], documents: readonly unknown[]): Problems =>
  documents.length > 0
    ? []
    : [
        {
          file: paths.join(', '),
          message: 'holds no ImagePolicy; files are named *.yaml, *.yml or *.json',
        },
      ];

const constraintsOf = async (
  documents: readonly GatekeeperDocument[],
  read: ReadConstraints | undefined,
): Promise<Pick<PolicyFileSet, 'constraints' | 'constraintRemarks'> & { readonly wrong: Problems }> => {
  const none = { constraints: undefined, constraintRemarks: [], wrong: [] };
  const found = documents.length === 0 ? undefined : await read?.(documents);
  if (found === undefined) return none;
  if (!found.ok) return { ...none, wrong: found.error };
  const { set, remarks } = found.value;
  return { ...none, constraints: set, constraintRemarks: remarks };
};

/**
 * Reads every file of a scan as one unit: the whole set with its trust roots, or all its mistakes (R8).
 */
export const readPolicySet = async (
  scan: Scan,
  paths: readonly string[],
  { shippedRoots: shipped = [], compileExpression, readConstraints }: SetReading,
): Promise<Result<PolicyFileSet, Problems>> => {
  const reader = createReader();
  const own = await readAll(
    reader,
    scan.files.filter((file) => !holdsRootsOnly(file)),
  );
  if (reader.isFull()) return fail([...scan.problems, ...own]);
  const parsed = await parsedFiles(reader, compileExpression, readConstraints !== undefined);
  const read = valuesIn(parsed.map(({ file }) => file));
  const policies = read.flatMap((one) => one.policies);
  const rootDocuments = read.flatMap((one) => one.trustRoots);
  const gatekeeper = read.flatMap((one) => one.gatekeeper);
  const { wrong, ...constraints } = await constraintsOf(gatekeeper, readConstraints);
  const contents = findContents(rootDocuments, scan.files);
  const rootFiles = valuesIn(contents).flatMap(({ file }) => file ?? []);
  const unread = [...own, ...(await readAll(reader, rootFiles))];
  const taken = takeSnapshots(
    valuesIn(contents),
    scan.files,
    ({ shown }) => reader.files.get(shown)?.text ?? '',
  );
  const problems = [
    ...scan.problems,
    ...unread,
    // A JSON file with roots is no policy file, and would be a broken one.
    ...problemsIn(notNamed(parsed, rootDocuments)),
    ...findRepeatedNames({ policies, trustRoots: rootDocuments }),
    ...wrong,
    ...problemsIn(contents),
    // A file that cannot be read would be told a second time, as an empty root.
    ...(unread.length > 0 ? [] : problemsIn(taken)),
  ];
  const snapshots = valuesIn(taken);
  if (problems.length === 0)
    problems.push(
      ...unusableRoots(policies, shipped, snapshots),
      ...emptySet(paths, [...policies, ...gatekeeper]),
    );
  if (problems.length > 0) return fail(problems);
  return ok({
    documents: policies,
    policies: policies.map(({ policy }) => policy),
    rootDocuments,
    trustRoots: snapshots,
    ...constraints,
    version: versionOf([...reader.files.values()]),
  });
};
