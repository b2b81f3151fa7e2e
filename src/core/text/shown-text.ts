import { beginningOf, cutMiddle, endOf } from './cut-middle.ts';

/** Longest text of an object that is shown or stored, in UTF-16 units. */
export const maxShownLength = 512;
/** Longest name of a host, a file or an image within a sentence that names several things. */
export const maxShownNameLength = 128;
/** How much of a text is read for each unit that is shown: the text before a name may be longer than the name. */
const readPerUnit = 4;

// Everything that could move the cursor, break a line, hide or reorder text in a terminal, a log or a page:
// controls, whatever Unicode calls ignorable (zero-width, bidirectional, fillers, tags, variation selectors),
// line separators, lone surrogates, interlinear annotation.
const unsafe = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Cs}\u2028\u2029\ufff9-\ufffb]/gu;
/** Characters that need more work. Classes without a quantifier, so one pass each. */
const remarkable = /[^\x20-\x3f\x41-\x7e]/;
const beyondPrintableAscii = /[^\x20-\x7e]/;
const scheme = '://';
/** Texts between `name:tag@` and a digest. There the text before `@` is no password. */
const digestAlgorithms = ['sha256:', 'sha384:', 'sha512:', 'sha1:', 'md5:'] as const;

const escapeCharacter = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * Removes a password that a user wrote into a name as into a URL, up to the last `@`: it must not get into logs
 * (B37).
 */
const withoutUserInformation = (text: string): string => {
  const start = text.indexOf(scheme);
  const at = text.lastIndexOf('@');
  return start < 0 || at < start ? text : `${text.slice(0, start)}${scheme}…${text.slice(at)}`;
};

const foreignSpace = /\s/;
/** White space, `/`, `@` and `:` end a password. */
const endsPassword = (unit: number): boolean =>
  unit <= 0x20 ||
  unit === 0x2f ||
  unit === 0x3a ||
  unit === 0x40 ||
  (unit >= 0x7f && foreignSpace.test(String.fromCharCode(unit)));

/**
 * Where a password that ends before `end` would begin, not before `from`.
 * @returns -1 when there is none
 */
const passwordBefore = (text: string, from: number, end: number): number => {
  let at = end - 1;
  while (at >= from && !endsPassword(text.charCodeAt(at))) at -= 1;
  return at >= from && at < end - 1 && text[at] === ':' ? at + 1 : -1;
};

const namesDigest = (text: string, at: number): boolean =>
  digestAlgorithms.some((algorithm) => text.startsWith(algorithm, at));

/**
 * The same without a scheme, `user:password@host`; `name:tag@sha256:…` holds none, and is no copy. Reads each character
 * once.
 */
const withoutPasswords = (text: string): string => {
  let safe = '';
  let copied = 0;
  let done = 0;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = passwordBefore(text, done, at);
    if (start >= 0 && !namesDigest(text, at + 1)) {
      safe += `${text.slice(copied, start)}…`;
      copied = at;
    }
    done = at + 1;
  }
  return copied === 0 ? text : safe + text.slice(copied);
};

/** The beginning of a cut text. A password may have been cut too, so its beginning is removed. */
const openBeginning = (text: string): string => {
  const start = text.indexOf(scheme);
  if (start >= 0) return text.slice(0, start + scheme.length);
  const password = passwordBefore(text, 0, text.length);
  return password < 0 ? text : text.slice(0, password);
};

/** A text that is too long to be read: its two ends, and of them nothing that may belong to a password. */
const endsOf = (text: string, most: number): string => {
  const end = endOf(text, most >> 1);
  return `${openBeginning(beginningOf(text, most >> 1))}…${end.slice(end.lastIndexOf('@') + 1)}`;
};

const escaped = (text: string, limit: number): string =>
  cutMiddle(cutMiddle(text, limit).replace(unsafe, escapeCharacter), limit);

/**
 * Public text of strangers, which holds no password: a name in a certificate, such as a workflow with its branch behind an
 * `@`. Otherwise as {@link shown}.
 */
export const shownPublic = (text: string): string => escaped(text, maxShownLength);

/**
 * Makes text of an object, an image or a registry safe to show anywhere: it removes passwords, escapes control
 * characters, and cuts the middle of a text longer than `limit`. Stops log and terminal injection through names (B35,
 * B37). A text that is too long is cut before it is read, and the rest is read once: no foreign text blocks the event
 * loop (R24).
 */
export const shownBriefly = (text: string, limit: number): string => {
  const most = limit * readPerUnit;
  const head = text.length > most ? endsOf(text, most) : text;
  if (!remarkable.test(head)) return cutMiddle(head, limit);
  const redacted = head.includes('@') ? withoutPasswords(withoutUserInformation(head)) : head;
  return beyondPrintableAscii.test(redacted) ? escaped(redacted, limit) : cutMiddle(redacted, limit);
};

/** A text of several lines: they stay lines, each as {@link shownBriefly} shows it. */
export const shownLines = (text: string, limit: number): string => {
  const most = limit * readPerUnit;
  const head = text.length > most ? `${openBeginning(beginningOf(text, most))}…` : text;
  if (!head.includes('\n')) return shownBriefly(head, limit);
  return cutMiddle(
    head
      .split('\n')
      .map((line) => shownBriefly(line, limit))
      .join('\n'),
    limit,
  );
};

/** A text by itself, or a whole sentence. */
export const shown = (text: string): string => shownBriefly(text, maxShownLength);

/** The name of a host, a file or an image as a part of a sentence: write the reason first and names behind it. */
export const shownName = (text: string): string => shownBriefly(text, maxShownNameLength);
