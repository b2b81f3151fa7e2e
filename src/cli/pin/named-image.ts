import type { SourceSteps } from '../../core/text/source-node.ts';
import { parseReference } from '../../core/image/reference.ts';

/** A text for one field of a map. A new field is written behind the field `after`. */
export interface FieldChange {
  readonly map: SourceSteps;
  readonly key: string;
  readonly text: string;
  readonly after?: string;
}

/** A reference after its lookup: the whole text with tag and digest, and the digest alone. */
export interface PinnedReference {
  readonly text: string;
  readonly digest: string;
}

/**
 * An image that a file names in its own format. `kept`: it has a digest. `left`: it cannot be pinned, and why.
 * `open`: the tag of `reference` has to be looked up.
 */
export type NamedImage = { readonly at: SourceSteps; readonly given: string } & (
  | { readonly outcome: 'kept' }
  | { readonly outcome: 'left'; readonly why: string }
  | {
      readonly outcome: 'open';
      readonly reference: string;
      readonly change: (resolved: PinnedReference) => FieldChange;
    }
);

interface OpenImage {
  readonly at: SourceSteps;
  readonly given: string;
  readonly reference: string;
  readonly change: (resolved: PinnedReference) => FieldChange;
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
