/**
 * The reference grammar of the distribution project as table-driven scanners: one pass, one table look-up a
 * character, so an image text of an attacker costs linear time whatever it holds.
 * @see https://pkg.go.dev/github.com/distribution/reference (version 0.6), "Grammar"
 */
type CharacterClass = 'digit' | 'lower' | 'upper' | 'dot' | 'underscore' | 'dash' | 'plus' | 'slash';
type Transitions = Readonly<Record<string, Partial<Record<CharacterClass, string>>>>;

/** A compiled automaton: `next[state * CLASS_COUNT + class]`; state 0 refuses, state 1 starts. */
interface Scanner {
  readonly next: Uint8Array;
  readonly accept: number;
}

const characterClasses: readonly CharacterClass[] = [
  'digit',
  'lower',
  'upper',
  'dot',
  'underscore',
  'dash',
  'plus',
  'slash',
];
const classCount = characterClasses.length + 1;

const classOf = (character: string): CharacterClass | undefined => {
  if (character >= '0' && character <= '9') return 'digit';
  if (character >= 'a' && character <= 'z') return 'lower';
  if (character >= 'A' && character <= 'Z') return 'upper';
  const punctuation: Readonly<Record<string, CharacterClass>> = {
    '.': 'dot',
    _: 'underscore',
    '-': 'dash',
    '+': 'plus',
    '/': 'slash',
  };
  return punctuation[character];
};

/** Index into CLASSES plus one for every ASCII code; 0 is any other character. */
const classByCode = Uint8Array.from({ length: 128 }, (_, code) => {
  const found = classOf(String.fromCharCode(code));
  return found === undefined ? 0 : characterClasses.indexOf(found) + 1;
});

const compileScanner = (transitions: Transitions, accept: string): Scanner => {
  const states = Object.keys(transitions);
  const next = new Uint8Array((states.length + 1) * classCount);
  states.forEach((state, index) => {
    for (const [name, target] of Object.entries(transitions[state] ?? {})) {
      const column = characterClasses.indexOf(name as CharacterClass) + 1;
      next[(index + 1) * classCount + column] = states.indexOf(target) + 1;
    }
  });
  return { next, accept: states.indexOf(accept) + 1 };
};

const scans = (scanner: Scanner, text: string): boolean => {
  const { next, accept } = scanner;
  let state = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    state = code < 128 ? (next[state * classCount + (classByCode[code] ?? 0)] ?? 0) : 0;
    if (state === 0) return false;
  }
  return state === accept;
};

/** Labels of letters, digits and inner dashes, joined by single dots; IPv4 addresses are names too. */
const domainNameScanner = compileScanner(
  {
    start: { digit: 'word', lower: 'word', upper: 'word' },
    word: { digit: 'word', lower: 'word', upper: 'word', dash: 'dash', dot: 'start' },
    dash: { digit: 'word', lower: 'word', upper: 'word', dash: 'dash' },
  },
  'word',
);

/** Components of lower-case letters and digits with the separators `.`, `_`, `__` and any run of dashes. */
const pathScanner = compileScanner(
  {
    start: { digit: 'word', lower: 'word' },
    word: { digit: 'word', lower: 'word', dot: 'single', underscore: 'under', dash: 'dash', slash: 'start' },
    single: { digit: 'word', lower: 'word' },
    under: { digit: 'word', lower: 'word', underscore: 'single' },
    dash: { digit: 'word', lower: 'word', dash: 'dash' },
  },
  'word',
);

const tagScanner = compileScanner(
  {
    start: { digit: 'rest', lower: 'rest', upper: 'rest', underscore: 'rest' },
    rest: { digit: 'rest', lower: 'rest', upper: 'rest', underscore: 'rest', dot: 'rest', dash: 'rest' },
  },
  'rest',
);

/** `algorithm(separator component)*`; each component starts with a letter, separators are one of `+ . - _`. */
const digestAlgorithmScanner = compileScanner(
  {
    start: { lower: 'word', upper: 'word' },
    word: {
      digit: 'word',
      lower: 'word',
      upper: 'word',
      plus: 'start',
      dot: 'start',
      dash: 'start',
      underscore: 'start',
    },
  },
  'word',
);

const ipv6Host = /^\[[0-9a-fA-F:]{1,64}\]$/;
const notADigit = /[^0-9]/;
const identifier = /^[0-9a-f]{64}$/;

export const maxReferenceLength = 4096;
export const maxRepositoryLength = 255;
export const maxTagLength = 128;

export const isHostName = (text: string): boolean => scans(domainNameScanner, text) || ipv6Host.test(text);
export const isPort = (text: string): boolean => text !== '' && !notADigit.test(text);
/** Says nothing about length: MAX_REPOSITORY_LENGTH applies after `library/` was added. */
export const isPath = (text: string): boolean => scans(pathScanner, text);
export const isTag = (text: string): boolean => text.length <= maxTagLength && scans(tagScanner, text);
export const isDigestAlgorithm = (text: string): boolean => scans(digestAlgorithmScanner, text);
/** Whether the text is 64 lower-case hex digits. Docker reads them as an image id, so they are refused as a name. */
export const isIdentifier = (text: string): boolean => text.length === 64 && identifier.test(text);
