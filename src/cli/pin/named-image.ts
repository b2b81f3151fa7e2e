import type { SourceSteps } from '../../core/text/source-node.ts';
import { parseReference } from '../../core/image/reference.ts';

/** A text for one field of a map; `after` is the field behind which it is written where it is not there yet. */
export interface FieldChange {
  readonly map: SourceSteps;
  readonly key: string;
  readonly text: string;
  readonly after?: string;
}

/** What the registry says of a reference: the whole text with tag and digest, and the digest alone. */
export interface Resolved {
  readonly text: string;
  readonly digest: string;
}

/**
 * An image that a file names in a form of its own. `kept`: it has a digest. `left`: it cannot be pinned, and why.
 * `open`: somebody has to look up what `reference` stands for.
 */
export type NamedImage = { readonly at: SourceSteps; readonly given: string } & (
  | { readonly outcome: 'kept' }
  | { readonly outcome: 'left'; readonly why: string }
  | {
      readonly outcome: 'open';
      readonly reference: string;
      readonly change: (resolved: Resolved) => FieldChange;
    }
);

interface OpenImage {
  readonly at: SourceSteps;
  readonly given: string;
  readonly reference: string;
  readonly change: (resolved: Resolved) => FieldChange;
}

/** An image whose text is whole: `kept` where it holds a digest, `left` where it is no reference. */
export const openImage = (image: OpenImage): NamedImage => {
  const { at, given, reference } = image;
  const parsed = parseReference(reference);
  if (!parsed.ok) {
    const why = `${reference} is no image reference (${parsed.error.part}: ${parsed.error.why})`;
    return { at, given, outcome: 'left', why };
  }
  return parsed.value.digest === undefined ? { ...image, outcome: 'open' } : { at, given, outcome: 'kept' };
};
