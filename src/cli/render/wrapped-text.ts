/** Columns of a terminal that everybody has. */
const columns = 80;

/** The pieces of a text that fit into so many columns, parted at spaces. A longer word stays whole, so that it can be copied. */
const piecesOf = (text: string, width: number): readonly string[] => {
  const pieces: string[] = [];
  let piece = '';
  for (const word of text.split(' ')) {
    const longer = piece === '' ? word : `${piece} ${word}`;
    if (piece !== '' && longer.length > width) {
      pieces.push(piece);
      piece = word;
    } else {
      piece = longer;
    }
  }
  return [...pieces, piece];
};

/**
 * A text behind a label, its lines one below the other.
 * @example
 * labelled('  why  ', 'nobody signed it') // ['  why  nobody signed it']
 */
export const labelled = (label: string, text: string): readonly string[] =>
  piecesOf(text, columns - label.length).map(
    (piece, at) => (at === 0 ? label : ' '.repeat(label.length)) + piece,
  );
