/** Columns of a terminal that everybody has. */
const columns = 80;

/** The pieces of a text that fit into so many columns, parted at spaces; a longer word is parted where it has to be. */
const piecesOf = (text: string, width: number): readonly string[] => {
  const pieces: string[] = [];
  let piece = '';
  for (let word of text.split(' ')) {
    if (piece !== '' && piece.length + 1 + word.length > width) {
      pieces.push(piece);
      piece = '';
    }
    if (piece !== '') {
      piece += ` ${word}`;
      continue;
    }
    for (; word.length > width; word = word.slice(width)) pieces.push(word.slice(0, width));
    piece = word;
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
