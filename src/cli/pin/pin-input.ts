import { shown } from '../../core/decision/shown-text.ts';
import type { WorkloadTable } from '../../core/workload/kinds.ts';
import type { ManifestDocument } from '../../core/workload/manifest.ts';
import { deadlineAfter } from '../../gate/deadline.ts';
import { createPinManifest } from '../../gate/pin-manifest.ts';
import type { PinnedPlace } from '../../gate/pin-manifest.ts';
import { budget, judgedAtOnce } from '../check-run.ts';
import type { OpenCheck } from '../check-run.ts';
import { clock } from '../../serve/clock.ts';
import { inOrder } from '../in-order.ts';
import type { ManifestInput, ManifestSource } from '../manifest-input.ts';
import { createProgress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../terminal.ts';
import { replaceMarked } from './marked-file.ts';
import { rewriteImages } from './rewrite.ts';
import type { Rewrite } from './rewrite.ts';

/** The input as it is after pinning. */
export interface Pinned {
  readonly objects: readonly ManifestDocument[];
  /** Whether an image without digest is left. */
  readonly incomplete: boolean;
}

export interface PinSettings {
  readonly workloads: WorkloadTable;
  readonly defaultNamespace: string;
}

/** One text of the input with what becomes of it. */
interface PinnedSource extends Pinned {
  readonly source: ManifestSource;
  readonly text: string;
  /** For people: which image became what, and which stayed. */
  readonly remarks: readonly string[];
}

const notFound = 'where it stands in the text cannot be told; write the digest by hand';

const rewriteSource = (source: ManifestSource, places: readonly (readonly PinnedPlace[])[]): PinnedSource => {
  const remarks: string[] = [];
  const rewrites: Rewrite[] = [];
  const refusal = source.mark?.refusal;
  const lineOf = (object: number): string => {
    const { file = '', line = 0 } = source.objects[object] ?? {};
    return `${file}:${line}`;
  };
  let incomplete = false;
  const leave = (object: number, given: string, why: string): void => {
    incomplete = true;
    remarks.push(`${lineOf(object)}: ${given} stays without a digest: ${why}`);
  };
  for (const [object, found] of places.entries()) {
    for (const place of found) {
      if (place.outcome === 'pinned' && refusal !== undefined) leave(object, place.given, refusal);
      else if (place.outcome === 'pinned') rewrites.push({ ...place, object });
      else if (place.outcome === 'left') leave(object, place.given, place.why);
    }
  }
  const { text, objects, missed } = rewriteImages(source.text, source.objects, rewrites);
  for (const { object, given } of missed) leave(object, given, notFound);
  for (const { object, given, text: pinned } of rewrites.filter((one) => !missed.includes(one)))
    remarks.push(`${lineOf(object)}: ${given} is now ${pinned}`);
  return { source, text, objects, incomplete, remarks: [...new Set(remarks)].map(shown) };
};

/** Files first: when one of them cannot be written, standard output holds nothing that looks complete. */
const write = async (pinned: readonly PinnedSource[], terminal: Terminal): Promise<void> => {
  const problems: string[] = [];
  const written = new Set<string>();
  for (const { source, text } of pinned) {
    const { path, mark } = source;
    if (mark === undefined || text === source.text || written.has(mark.target)) continue;
    written.add(mark.target);
    const problem = await replaceMarked(path, mark, text);
    if (problem !== undefined) problems.push(problem);
  }
  if (problems.length > 0) throw new UsageError(problems);
  for (const { source, text } of pinned) if (source.path === '-') terminal.out(text);
};

/**
 * `check manifest --pin`: each image without a digest gets the one that its tag stands for now, in the text of its
 * manifest. Every tag is resolved once in the command. What cannot be resolved stays as it is and is named on stderr.
 */
export const pinInput = async (
  input: ManifestInput,
  check: Pick<OpenCheck, 'policies' | 'namespaces' | 'evidence'>,
  settings: PinSettings,
  terminal: Terminal,
): Promise<Pinned> => {
  const pin = createPinManifest({ ...settings, ...check });
  const progress = createProgress(
    (done) => `looked up the images of ${done} of ${input.objects.length} objects`,
    terminal.status,
    () => clock.monotonic(),
  );
  const places = await inOrder(input.objects, judgedAtOnce, (object) => {
    progress.step();
    return pin(object, deadlineAfter(budget.withEvidence, clock));
  });
  progress.end();
  let at = 0;
  const pinned = input.sources.map((source) => {
    const own = places.slice(at, at + source.objects.length);
    at += source.objects.length;
    return rewriteSource(source, own);
  });
  await write(pinned, terminal);
  for (const remark of pinned.flatMap(({ remarks }) => remarks)) terminal.talk(remark);
  return {
    objects: pinned.flatMap(({ objects }) => objects),
    incomplete: pinned.some(({ incomplete }) => incomplete),
  };
};
export type PinInput = typeof pinInput;
