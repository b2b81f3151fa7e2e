import { dirname, join, sep } from 'node:path';
import type { PolicyFileProblem } from '../../core/policy/load/document.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { beginningOf } from '../../core/text/cut-middle.ts';
import type { TrustRootDocument } from '../../core/trust-root/policy-file.ts';
import {
  contentOf,
  takeSnapshot,
  type TrustRootContent,
  type TrustRootSnapshot,
} from '../../evidence/trust/trust-root.ts';
import type { ScannedFile } from './scan.ts';

type Problem = (message: string) => PolicyFileProblem;

/** The path of the file that a trust root names, as `shown` of a scanned file. */
const namedPath = ({ file, trustRoot: { spec } }: TrustRootDocument): string | undefined =>
  'sigstore' in spec && 'file' in spec.sigstore ? join(dirname(file), spec.sigstore.file) : undefined;

/** Files that trust roots name: they hold roots, and no policies. */
export const namedPaths = (documents: readonly TrustRootDocument[]): ReadonlySet<string> =>
  new Set(documents.flatMap((document) => namedPath(document) ?? []));

/** The file of that path, or why it cannot be taken. */
const namedFile = (
  document: TrustRootDocument,
  shown: string,
  files: readonly ScannedFile[],
): Result<ScannedFile, string> => {
  const own = files.find((file) => file.shown === document.file);
  if (own?.folder === undefined)
    return fail(
      `a trust root may name a file only in a folder: give ${dirname(document.file)} itself with --policies, or write the text into trustedRoot`,
    );
  const found = files.find((file) => file.shown === shown);
  if (found === undefined)
    return fail(`there is no file ${shown}, or another name of the same file was read before`);
  // Attack: a link in the folder makes the gate read, and show in messages, a file that its writers may not read.
  return found.real.startsWith(own.folder + sep)
    ? ok(found)
    : fail(`${shown} is a link that leads out of the folder`);
};

/** A trust root, and the file with the text that it consists of. */
export interface FoundContent {
  readonly document: TrustRootDocument;
  /** Absent: the text stands in the document itself. */
  readonly file?: ScannedFile;
}

/** Finds the files that trust roots name. */
export const findContents = (
  documents: readonly TrustRootDocument[],
  files: readonly ScannedFile[],
): readonly Result<FoundContent, readonly PolicyFileProblem[]>[] =>
  documents.map((document) => {
    const shown = namedPath(document);
    if (shown === undefined) return ok({ document });
    const file = namedFile(document, shown, files);
    if (file.ok) return ok({ document, file: file.value });
    const place = document.locate(['spec', 'sigstore', 'file']);
    return fail([{ file: document.file, ...place, message: file.error }]);
  });

interface Placed {
  readonly content: TrustRootContent;
  readonly problem: Problem;
}

const placed = ({ document, file }: FoundContent, textOf: (file: ScannedFile) => string): Placed => {
  const { path, content } = contentOf(document.trustRoot);
  const at: Problem = (message) => ({ file: document.file, ...document.locate(path), message });
  if (content !== undefined) return { content, problem: at };
  const problem: Problem = (message) => ({ file: file?.shown ?? document.file, message });
  return { content: { kind: 'sigstore', trustedRoot: file === undefined ? '' : textOf(file) }, problem };
};

const maxProblems = 8;

/** Looks into the trust roots of a set. */
export const takeSnapshots = (
  contents: readonly FoundContent[],
  files: readonly ScannedFile[],
  textOf: (file: ScannedFile) => string,
): readonly Result<TrustRootSnapshot, readonly PolicyFileProblem[]>[] =>
  contents.map((found) => {
    const { document } = found;
    const { name } = document.trustRoot;
    const { content, problem } = placed(found, textOf);
    const written = found.file ?? files.find(({ shown }) => shown === document.file);
    const taken = takeSnapshot(
      { name, ...(written === undefined ? {} : { writtenAt: written.writtenAt }) },
      content,
    );
    if (taken.ok) return taken;
    const messages = taken.error.slice(0, maxProblems).map((message) => beginningOf(message, 400));
    return fail(messages.map((message) => problem(`trust root ${JSON.stringify(name)}: ${message}`)));
  });
