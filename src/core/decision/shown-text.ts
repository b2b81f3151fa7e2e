/** Longest text of an object that is shown or stored, in UTF-16 units. */
export const shownLimit = 512;
/** How much of a text is looked at before it is cut. */
const readLimit = 8192;

// Everything that could move the cursor, break a line, hide or reorder text in a terminal, a log or a page:
// controls, whatever Unicode calls ignorable (zero-width, bidirectional, fillers, tags, variation selectors),
// line separators, lone surrogates, interlinear annotation.
const unsafe = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Cs}\u2028\u2029\ufff9-\ufffb]/gu;
const plain = /^[\x20-\x7e]*$/;
// A password that somebody wrote into an image name as into a URL must not end up in logs and records.
const userInformation = /:\/\/.*@/gs;
// The same without a scheme; `name:tag@sha256:…` is no password.
const password = /:[^\s/@:]+@(?!(?:sha256|sha384|sha512|sha1|md5):)/g;

const escapeCharacter = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** As much as is looked at. Where a URL goes on beyond it, a password may do so as well: nothing of it is kept. */
const readable = (text: string): string => {
  if (text.length <= readLimit) return text;
  const scheme = text.indexOf('://');
  return text.slice(0, scheme >= 0 && scheme < readLimit ? scheme + 3 : readLimit);
};

/** The beginning of a text; a character of two units is kept whole or left out. */
const cutBefore = (text: string, length: number): string => {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
};

/**
 * Text from the judged object, safe to show anywhere: control characters escaped, cut at 512 characters.
 * Stops log and terminal injection through image names (B35, B37).
 */
export const shown = (text: string): string => {
  if (text.length <= shownLimit && plain.test(text) && !text.includes('@')) return text;
  const head = readable(text);
  const escaped = head
    .replace(userInformation, '://…@')
    .replace(password, ':…@')
    .replace(unsafe, escapeCharacter);
  const whole = head.length === text.length && escaped.length <= shownLimit;
  return whole ? escaped : `${cutBefore(escaped, shownLimit - 1)}…`;
};

/** Like `shown`, cut at `limit` UTF-16 units: for one text of several in a sentence. */
export const shownBriefly = (text: string, limit: number): string => {
  const safe = shown(text);
  return safe.length <= limit ? safe : `${cutBefore(safe, limit - 1)}…`;
};
