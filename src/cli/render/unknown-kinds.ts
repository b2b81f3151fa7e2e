import { plural } from '../../core/text/plural.ts';
import { shown, shownBriefly } from '../../core/text/shown-text.ts';
import { declareKind } from '../../core/workload/kinds/kinds.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';

const maxKinds = 10;
const maxNameLength = 100;

const remedy = `${declareKind}, with \`images: []\` where a kind has none`;

interface Kind {
  readonly name: string;
  readonly first: ManifestObject;
  count: number;
}

const kindsOf = (objects: readonly ManifestObject[]): readonly Kind[] => {
  const kinds = new Map<string, Kind>();
  for (const object of objects) {
    const name = `${object.apiVersion} ${object.kind}`;
    const kind = kinds.get(name);
    if (kind === undefined) kinds.set(name, { name, first: object, count: 1 });
    else kind.count++;
  }
  return [...kinds.values()].sort((a, b) => b.count - a.count);
};

/**
 * One line for all objects of unknown kinds: an operator brings dozens of them, and a line for each would bury the
 * rest.
 */
export const unknownKindsText = (objects: readonly ManifestObject[]): string => {
  const kinds = kindsOf(objects);
  const [only] = kinds;
  if (objects.length === 1 && only !== undefined) {
    const { file, line } = only.first;
    const what = `${shown(`${file}:${line}`)}: ${shownBriefly(only.name, maxNameLength)}`;
    return `${what} was not judged: the gate does not know where its images are: ${remedy}`;
  }
  const named = kinds.slice(0, maxKinds).map(({ name, count, first }) => {
    const where = shownBriefly(`${first.file}:${first.line}`, maxNameLength);
    return `${shownBriefly(name, maxNameLength)} (${count}, first ${where})`;
  });
  const more = kinds.length - named.length;
  const rest = more === 0 ? [] : [plural(more, 'more kind')];
  return `${objects.length} objects were not judged: ${[...named, ...rest].join(', ')}; the gate does not know where their images are: for each, ${remedy}`;
};
