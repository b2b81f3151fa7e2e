import { fail, ok } from '../../core/result.ts';
import type { WorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import { deadlineAfter } from '../../gate/deadline.ts';
import { createPinImage, createPinManifest, type PinnedPlace } from '../../gate/manifest/pin-manifest.ts';
import { budget, judgedAtOnce, type OpenCheck } from '../check/check-run.ts';
import { plural } from '../../core/text/plural.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import type { ManifestInput } from '../check/manifest-input.ts';
import { createProgress } from '../terminal/progress.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import { replaceMarked } from './marked-file.ts';
import { documentImages, type DocumentImage } from './named-images.ts';
import { pinSource, type LookedUp, type PinCounts, type PinnedSource } from './pin-source.ts';
import type { ValuesPath } from './values-images.ts';

/** The input as it is after pinning. */
interface Pinned {
  readonly objects: readonly ManifestObject[];
  /** Whether an image without digest is left. */
  readonly incomplete: boolean;
}

interface PinSettings {
  readonly workloads: WorkloadTable;
  readonly defaultNamespace: string;
  /** What `--values-image` says, by its text. */
  readonly valuesImages: ReadonlyMap<string, ValuesPath>;
}

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

/** Looks up the images that no object names. */
const lookUp = async (
  images: readonly DocumentImage[],
  pin: ReturnType<typeof createPinImage>,
): Promise<readonly LookedUp[]> =>
  mapLimit(images, judgedAtOnce, async (one) => {
    if (one.image.outcome !== 'open') return { ...one, found: undefined };
    const place = await pin(one.image.reference, deadlineAfter(budget.withEvidence, systemClock));
    if (place?.outcome === 'pinned') return { ...one, found: ok({ text: place.text, digest: place.digest }) };
    const why = place?.outcome === 'left' ? place.why : 'the policies were not loaded';
    return { ...one, found: fail(why) };
  });

const noImage =
  'no image was found: --pin reads workloads, kustomizations, and Helm values in files that are called values or named with -f';

/** A file that was named twice is one. */
const distinct = (pinned: readonly PinnedSource[]): readonly PinnedSource[] => [
  ...new Map(pinned.map((one) => [one.source.mark?.target ?? one.source.path, one])).values(),
];

/** The result for the whole input in one sentence, also when nothing was written. */
const summaryOf = (pinned: readonly PinnedSource[]): string => {
  const sum = (of: keyof PinCounts): number => pinned.reduce((all, { counts }) => all + counts[of], 0);
  const [now, kept, left] = [sum('pinned'), sum('kept'), sum('left')];
  const rest = left === 0 ? '' : `; ${plural(left, 'image')} left without a digest`;
  if (now > 0) {
    const files = pinned.filter(({ counts }) => counts.pinned > 0).length;
    return `pinned ${plural(now, 'image')} in ${plural(files, 'file')}${rest}`;
  }
  if (left > 0) return `nothing was pinned${rest}, as said above`;
  return `nothing was pinned: ${kept > 0 ? 'every image has a digest already' : noImage}`;
};

const pinObjects = async (
  objects: readonly ManifestObject[],
  pin: ReturnType<typeof createPinManifest>,
  terminal: Terminal,
): Promise<readonly (readonly PinnedPlace[])[]> => {
  const progress = createProgress(
    (done) => `looked up the images of ${done} of ${objects.length} objects`,
    terminal.status,
  );
  const places = await mapLimit(objects, judgedAtOnce, (object) => {
    progress.step();
    return pin(object, deadlineAfter(budget.withEvidence, systemClock));
  });
  progress.end();
  return places;
};

/**
 * `check manifest --pin`: writes the current digest of each tag into the manifest, kustomization or values that names
 * it. Every tag is resolved once in the command. An image that cannot be pinned keeps its text and is named on
 * stderr.
 */
export const pinInput = async (
  input: ManifestInput,
  check: Pick<OpenCheck, 'policies' | 'namespaces' | 'evidence'>,
  settings: PinSettings,
  terminal: Terminal,
): Promise<Pinned> => {
  const deps = { ...settings, ...check };
  const places = await pinObjects(input.objects, createPinManifest(deps), terminal);
  const pinImage = createPinImage(deps);
  const unused = new Set(settings.valuesImages.keys());
  const pinned: PinnedSource[] = [];
  let at = 0;
  for (const source of input.sources) {
    const own = places.slice(at, at + source.objects.length);
    at += source.objects.length;
    const { images, used } = documentImages(source, [...settings.valuesImages.values()]);
    for (const [text, path] of settings.valuesImages) if (used.has(path)) unused.delete(text);
    pinned.push(pinSource(source, own, await lookUp(images, pinImage)));
  }
  await write(pinned, terminal);
  for (const remark of pinned.flatMap(({ remarks }) => remarks)) terminal.talk(remark);
  for (const path of unused) terminal.talk(`--values-image ${path}: leads to no image in any values`);
  terminal.talk(summaryOf(distinct(pinned)));
  return {
    objects: pinned.flatMap(({ objects }) => objects),
    incomplete: unused.size > 0 || pinned.some(({ counts }) => counts.left > 0),
  };
};
