import { dnsLabel } from '../../core/text/dns-name.ts';
import { oneOfWords } from '../../core/policy/load/suggestion.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { formatAddress } from '../../core/text/address.ts';
import { parseAddress, type Address } from './address.ts';
import { formatDuration } from '../../core/text/duration.ts';
import { parseDuration } from './duration.ts';
import { quote } from '../../core/text/cut-middle.ts';
import { maskProxy, parseNoProxy, parseProxy } from './proxy.ts';
import { formatSize } from '../../core/text/size.ts';
import { parseSize } from './size.ts';

/** A value as it is shown in `--print-config`, in help texts and in a configuration file. */
export type Shown =
  string | boolean | readonly string[] | readonly object[] | Readonly<Record<string, unknown>> | undefined;

/** How a setting is read from text, the same text for flag, environment and file. */
export interface TextShape<T> {
  readonly kind: 'text';
  /** For help texts: `HOST:PORT`. Empty for a switch. */
  readonly placeholder: string;
  /** May be given more than once. */
  readonly repeatable: boolean;
  /** Whether a comma separates values within one flag; in the environment it always does (see `splitVariable`). */
  readonly commas: boolean;
  readonly parse: (texts: readonly string[]) => Result<T, string>;
  readonly show: (value: T) => Shown;
}

/** A setting with structure. Only the configuration file can hold it. */
export interface DocumentShape<T> {
  readonly kind: 'document';
  readonly placeholder: string;
  /** `folder` is that of the configuration file: relative file names start there. */
  readonly parse: (value: unknown, folder: string) => Result<T, DocumentFault>;
  readonly show: (value: T) => Shown;
}
/** `path` leads from the value of the setting to the mistake. */
export interface DocumentFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
export type Shape<T> = TextShape<T> | DocumentShape<T>;

type Parse<T> = (text: string) => Result<T, string>;

const single = <T>(placeholder: string, parse: Parse<T>, show: (value: T) => Shown): TextShape<T> => ({
  kind: 'text',
  placeholder,
  repeatable: false,
  commas: false,
  parse: (texts) => {
    const [text] = texts;
    if (text === undefined || texts.length > 1) {
      return fail(`takes one value, found ${String(texts.length)}; give it once`);
    }
    return parse(text);
  },
  show,
});

const several = <T extends string>(
  placeholder: string,
  parse: Parse<T>,
  commas: boolean,
): TextShape<readonly T[]> => ({
  kind: 'text',
  placeholder,
  repeatable: true,
  commas,
  parse: (texts) => {
    const values: T[] = [];
    for (const text of texts) {
      const value = parse(text);
      if (!value.ok) return value;
      if (!values.includes(value.value)) values.push(value.value);
    }
    return ok(Object.freeze(values));
  },
  show: (value) => value,
});

const asWritten = (text: string): string => text;

/** A shape that can also be unset; unset is shown as nothing. */
export const optional = <T extends string>(shape: TextShape<T>): TextShape<T | undefined> => ({
  ...shape,
  show: (value) => (value === undefined ? undefined : shape.show(value)),
});

/** Text that must not be empty nor hold control characters: a path, a user name. */
const plainText: Parse<string> = (text) => {
  if (text.trim() === '') return fail('is empty; give a value, or leave the setting out');
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text)) return fail(`${quote(text)} holds a control character; remove it`);
  return ok(text);
};

const matching =
  (pattern: RegExp, what: string, example: string): Parse<string> =>
  (text) =>
    pattern.test(text) ? ok(text) : fail(`${quote(text)} is no ${what}; write for example ${example}`);

const namespaceName = matching(
  new RegExp(`^${dnsLabel}$`),
  'namespace name (lower case letters, digits and -, at most 63)',
  'kube-system',
);
const serverName = matching(
  new RegExp(`^(?=.{1,253}$)((\\*\\.)?${dnsLabel}(\\.${dnsLabel})*|[\\d.]+|[\\da-f:]+)$`, 'i'),
  'host name or IP address',
  'gate.example.com',
);
const replicaName = matching(
  /^[a-z\d]([-.a-z\d]{0,251}[a-z\d])?$/i,
  'replica name (letters, digits, - and ., at most 253)',
  'imagegate-0',
);

const webhookName = matching(
  new RegExp(`^(?=.{1,253}$)${dnsLabel}(\\.${dnsLabel}){2,}$`),
  'name of a webhook (at least three parts of lower case letters, digits and -)',
  'validation.gatekeeper.sh',
);

const switchWords: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };
const readSwitch: Parse<boolean> = (text) => {
  const value = Object.hasOwn(switchWords, text) ? switchWords[text] : undefined;
  return value === undefined
    ? fail(`${quote(text)} is neither true nor false; write one of them`)
    : ok(value);
};

const oneOf =
  <const T extends string>(words: readonly T[]): Parse<T> =>
  (text) => {
    const word = oneOfWords(text, words);
    return word.ok ? word : fail(`${quote(text)} ${word.error}`);
  };

/** One of a few words. For another word the error suggests the nearest. */
export const choice = <const T extends string>(...words: readonly T[]): TextShape<T> =>
  single(words.join('|'), oneOf(words), asWritten);

/** Any of a few words. */
export const choices = <const T extends string>(...words: readonly T[]): TextShape<readonly T[]> =>
  several(words.join('|'), oneOf(words), true);

/** A size that may also be `0`: nothing is kept at all. */
const sizeOrNone = single<number>(
  'SIZE',
  (text) => (text === '0' ? ok(0) : parseSize(text)),
  (bytes) => (bytes === 0 ? '0' : formatSize(bytes)),
);

export const shapes = {
  switch: single<boolean>('', readSwitch, (value) => value),
  file: single('FILE', plainText, asWritten),
  folder: single('DIR', plainText, asWritten),
  name: single('NAME', plainText, asWritten),
  replica: single('NAME', replicaName, asWritten),
  namespace: single('NAMESPACE', namespaceName, asWritten),
  webhookName: single('NAME', webhookName, asWritten),
  address: single<Address>('HOST:PORT', parseAddress, formatAddress),
  duration: single<number>('DURATION', parseDuration, formatDuration),
  size: single<number>('SIZE', parseSize, formatSize),
  sizeOrNone,
  proxy: single<string>('URL', parseProxy, maskProxy),
  noProxy: { ...several('HOSTS', plainText, true), parse: parseNoProxy },
  /** Paths and people: a comma may be part of them (`CN=ops,OU=it`), so flags are repeated instead. */
  paths: several('PATH', plainText, false),
  people: several('NAME', plainText, false),
  namespaces: several('NAMESPACE', namespaceName, true),
  serverNames: several('NAME', serverName, true),
} as const;
