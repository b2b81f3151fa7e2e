import type { Decision, EvidenceTrail, JudgedImage } from '../core/decision/decision.ts';
import { joinPieces, mostBytes, writePieces, type BytePieces } from './byte-pieces.ts';

/** About fifteen decisions about signed images. */
const spaceBytes = 64 * 1024;

/** What says which image it is, in whichever field of the object. */
const identity = Object.keys({ given: true, reference: true, digest: true } satisfies Record<
  Exclude<keyof JudgedImage, 'path' | 'evidence'>,
  true
>) as readonly (keyof JudgedImage)[];

/**
 * Evidence is of one image, and said of many reviews in the same words (R24). So the bytes of an image, all but its path,
 * are made once; to write them anew for each review cost more than judging it.
 */
const known = new WeakMap<EvidenceTrail, { readonly image: JudgedImage; readonly bytes: Uint8Array }>();

const bytesWithoutPath = (image: JudgedImage, evidence: EvidenceTrail): Uint8Array => {
  const before = known.get(evidence);
  if (before !== undefined && identity.every((field) => before.image[field] === image[field]))
    return before.bytes;
  const { path: _, ...rest } = image;
  const bytes = Buffer.from(JSON.stringify(rest).slice(1));
  known.set(evidence, { image, bytes });
  return bytes;
};

const none: readonly never[] = [];
/** Quotes within texts are escaped, so nothing that a decision says can hold this. */
const noImages = '"images":[]';

const piecesOf = (decision: Decision): BytePieces => {
  const { images } = decision;
  if (!images.some(({ evidence }) => evidence !== undefined)) return [JSON.stringify(decision)];
  const text = JSON.stringify({ ...decision, images: none });
  const at = text.indexOf(noImages) + noImages.length - 1;
  const pieces: (string | Uint8Array)[] = [text.slice(0, at)];
  for (const [index, image] of images.entries()) {
    const comma = index === 0 ? '' : ',';
    const { path, evidence } = image;
    if (evidence === undefined) pieces.push(comma + JSON.stringify(image));
    else pieces.push(`${comma}{"path":${JSON.stringify(path)},`, bytesWithoutPath(image, evidence));
  }
  pieces.push(text.slice(at));
  return pieces;
};

/**
 * Makes decisions JSON in UTF-8, as `JSON.stringify` and `Buffer.from` do. They are bytes and no text: a text with one letter
 * beyond Latin-1 takes two bytes for each of its letters, lives among the objects that the garbage collector moves while it
 * waits for the disk, and is encoded by each who writes it.
 * @returns a large one in memory of its own; else a part of a larger buffer, which stays in memory as long as that part does
 */
export const createDecisionBytes = (): ((decision: Decision) => Buffer) => {
  let space = Buffer.allocUnsafeSlow(spaceBytes);
  let end = 0;
  return (decision) => {
    const pieces = piecesOf(decision);
    const most = mostBytes(pieces);
    // Attack: large decisions while the disk is away. Each would keep space for the worst, three times of what is counted.
    if (most > spaceBytes) return joinPieces(pieces);
    if (most > spaceBytes - end) {
      space = Buffer.allocUnsafeSlow(spaceBytes);
      end = 0;
    }
    const begin = end;
    end = writePieces(pieces, space, begin);
    return space.subarray(begin, end);
  };
};
