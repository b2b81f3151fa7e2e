import { fail, type Result } from '../result.ts';
import { isPath, isPort, maxRepositoryLength, maxTagLength } from './grammar.ts';

type ReferencePart = 'reference' | 'host' | 'repository' | 'tag' | 'digest';

/** Why a text is no image reference. `text` is the offending part as given, neither cut nor escaped: the code that shows
 *  it does both. `why` is plain ASCII and never quotes the text. */
export interface InvalidReference {
  readonly part: ReferencePart;
  readonly text: string;
  readonly why: string;
}

const codePoint = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

const controlCharacter = /\p{Cc}/u;
/** White space, a control character or not ASCII. Without one, one look at a text of many KiB is enough (R24). */
const unusualCharacter = /[^!-~]/u;

/** Characters that no part may hold, so the better explanation whatever the part. */
const whyCharacters = (text: string): string | undefined => {
  const unusual = unusualCharacter.exec(text);
  if (unusual === null) return undefined;
  if (/^\s/u.test(text)) return 'it starts with white space';
  if (/\s$/u.test(text)) return 'it ends with white space';
  if (/\s/u.test(text)) return 'it contains white space';
  const control = controlCharacter.exec(text);
  if (control !== null) return `it contains the control character ${codePoint(control[0])}`;
  return `it contains ${codePoint(unusual[0])}, which is not ASCII: look-alike and invisible characters are refused`;
};

export const refuse = (part: ReferencePart, text: string, why: string): Result<never, InvalidReference> =>
  fail({ part, text, why: whyCharacters(text) ?? why });

const whyPort = (text: string): string | undefined => {
  if (text.startsWith('[')) {
    if (text.includes('%')) return 'an IPv6 host must not have a zone';
    return 'an IPv6 host is written [address] or [address]:port';
  }
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  if (text.indexOf(':', colon + 1) >= 0) return 'an IPv6 host must stand in square brackets';
  return isPort(text.slice(colon + 1)) ? undefined : 'what follows the colon is not a port number';
};

const whyHost = (text: string): string => {
  if (text.includes('@')) return 'user names and passwords are refused: the registry is what follows the @';
  const port = whyPort(text);
  if (port !== undefined) return port;
  if (text.includes('_')) return 'a registry host must not contain an underscore';
  return 'a registry host consists of letters, digits and dashes, with single dots between its labels';
};

/** @param following what stands behind the slash after the host: another slash there means a scheme. */
export const refuseHost = (text: string, following: string): Result<never, InvalidReference> => {
  if (text.endsWith(':') && following.startsWith('/')) {
    return refuse('host', `${text}//`, 'an image reference has no scheme: leave out everything up to ://');
  }
  return refuse('host', text, whyHost(text));
};

export const refuseRepository = (text: string): Result<never, InvalidReference> => {
  const refused = (why: string) => refuse('repository', text, why);
  if (text === '') return refused('the repository is missing');
  if (/^\/|\/$|\/\//.test(text)) return refused('the repository has an empty component');
  if (/[A-Z]/.test(text)) return refused('the repository must be lower case');
  if (isPath(text)) return refused(`the repository is longer than ${maxRepositoryLength} characters`);
  return refused(
    'components consist of a-z and 0-9, with one dot, one or two underscores or any number of dashes in between',
  );
};

export const refuseTag = (text: string): Result<never, InvalidReference> => {
  if (text === '') return refuse('tag', text, 'the tag after the colon is missing');
  if (text.length > maxTagLength) return refuse('tag', text, `a tag has at most ${maxTagLength} characters`);
  if (/^[.-]/.test(text)) return refuse('tag', text, 'a tag starts with a letter, a digit or an underscore');
  return refuse('tag', text, 'a tag consists of letters, digits, underscores, dots and dashes');
};
