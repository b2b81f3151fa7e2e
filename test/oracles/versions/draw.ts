import type { VersionScheme } from '../../../src/core/vulnerability/ecosystem.ts';
import { createRandom, type Next } from '../random.ts';

export type VersionPair = readonly [one: string, other: string];

/** Draws one text. */
type Draw = (next: Next) => string;
const one =
  (...texts: readonly string[]): Draw =>
  (next) =>
    texts[Math.floor(next() * texts.length)]!;
const all =
  (...draws: readonly Draw[]): Draw =>
  (next) =>
    draws.map((draw) => draw(next)).join('');
const maybe =
  (part: number, draw: Draw): Draw =>
  (next) =>
    next() < part ? draw(next) : '';
const several =
  (max: number, draw: Draw, separator = ''): Draw =>
  (next) =>
    Array.from({ length: 1 + Math.floor(next() * max) }, () => draw(next)).join(separator);
const either =
  (...draws: readonly Draw[]): Draw =>
  (next) =>
    draws[Math.floor(next() * draws.length)]!(next);

/** One of the second in forty: what nobody should be able to read. */
const rarely = (usual: Draw, bad: Draw): Draw => {
  return (next) => (next() < 0.975 ? usual : bad)(next);
};

const digits = one('0', '1', '2', '3', '9', '10', '11', '20240101');
/** Leading zeros, and numbers that a 64-bit integer does not hold. */
const oddDigits = either(
  digits,
  digits,
  one('00', '01', '001', '010', '18446744073709551616', '99999999999999999999'),
);
const small = one('0', '1', '2', '10');

const deb = all(
  maybe(0.25, rarely(one('0:', '1:', '2:', '01:'), one(':', 'a:', '1.0:', '99999999999:'))),
  maybe(0.95, digits),
  several(
    4,
    rarely(
      either(one('.', '+', '~', '-', '~~', 'a', 'b', 'rc', 'dfsg', 'Z', '.', '+~'), oddDigits),
      one('_', ':', '#'),
    ),
  ),
  maybe(
    0.6,
    all(
      one('-', '-', '-0', '-ubuntu'),
      several(3, either(digits, digits, one('.', '~', '+', 'deb', 'build', 'u'))),
    ),
  ),
);

const apk = all(
  oddDigits,
  several(3, rarely(all(one('.'), oddDigits), one('', '.'))),
  maybe(0.25, rarely(one('a', 'b', 'p', 'z', 'p1', 'b10'), one('A', 'a1.2', 'ab'))),
  maybe(
    0.4,
    several(
      2,
      all(
        one('_'),
        rarely(one('alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'), one('x', '')),
        maybe(0.6, oddDigits),
      ),
    ),
  ),
  maybe(0.05, rarely(one('~abc', '~0123', '~0'), one('~', '~xyz'))),
  maybe(0.6, all(rarely(one('-r'), one('-', '--r')), rarely(oddDigits, one('')))),
);

const rpm = all(
  maybe(0.25, rarely(one('0:', '1:', '2:', '01:', ':'), one('a:', '1:1:'))),
  several(
    5,
    rarely(
      either(oddDigits, one('.', '.', '_', '+', '~', '^', '~rc', 'a', 'b', 'el', 'Z', '..')),
      one(' ', '#'),
    ),
  ),
  maybe(
    0.6,
    all(
      one('-'),
      maybe(0.95, several(4, rarely(either(oddDigits, one('.', '.el9', '~', '^', '_', 'a')), one('-')))),
    ),
  ),
);

const semverIdentifier = rarely(
  one('0', '1', '2', '10', 'alpha', 'beta', 'rc', 'rc1', 'a', 'A', '-', 'x-1', '0a', '18446744073709551616'),
  one('01', ''),
);
const semverTail = all(
  maybe(0.5, all(one('-'), several(3, semverIdentifier, '.'))),
  maybe(0.2, all(one('+'), rarely(one('1', 'build', 'incompatible', '01.a'), one('a..b', '', 'a+b', '_')))),
);
const semver = all(rarely(digits, oddDigits), one('.'), digits, one('.'), digits, semverTail);
const goModule = all(
  one('v'),
  either(
    semver,
    semver,
    all(digits, maybe(0.7, all(one('.'), digits)), rarely(one(''), semverTail)),
    all(
      one('0.0.0-', '1.2.3-0.', '1.2.3-pre.0.', '1.2.4-0.'),
      one('20191109021931', '20240101000000'),
      one('-daa7c04131f5', '-abcdefabcdef'),
    ),
  ),
);

const npm = all(
  maybe(0.3, rarely(one('v', '=', ' ', '= v', 'vv'), one('V', 'x'))),
  either(
    semver,
    semver,
    all(
      several(3, rarely(one('0', '1', '01', '10'), oddDigits), '.'),
      one('.1', '.1.0'),
      rarely(
        one(
          '',
          'beta',
          'beta.1',
          '-',
          '--',
          '-.a',
          '-01',
          '-beta.9007199254740993',
          '-beta.9007199254740992',
        ),
        one('.1', 'a+b', '_'),
      ),
    ),
  ),
  maybe(0.1, rarely(one(' ', '  '), one('x'))),
);

const pep440 = all(
  maybe(0.2, rarely(one('v', 'V', ' '), one('x'))),
  maybe(0.2, rarely(one('0!', '1!', '2!'), one('!'))),
  several(4, oddDigits, '.'),
  maybe(
    0.5,
    all(
      one('', '', '.', '-', '_'),
      one('a', 'b', 'rc', 'c', 'alpha', 'beta', 'pre', 'preview', 'A', 'RC'),
      one('', '', '.', '-', '_'),
      maybe(0.7, small),
    ),
  ),
  maybe(
    0.3,
    either(
      all(one('-'), small),
      all(one('', '.', '-', '_'), one('post', 'rev', 'r', 'POST'), one('', '.', '-'), maybe(0.7, small)),
    ),
  ),
  maybe(0.3, all(one('', '.', '-', '_'), one('dev', 'Dev'), one('', '.', '-'), maybe(0.7, small))),
  maybe(
    0.3,
    all(one('+'), several(3, rarely(one('1', '01', '10', 'a', 'Ubuntu', 'abc', '1a'), one('')), '.')),
  ),
);

const draws: Readonly<Record<VersionScheme, Draw>> = { deb, apk, rpm, semver, npm, pep440, go: goModule };

/**
 * Versions of the scheme, or nearly so. Most pairs differ in one place only: the choices of the first are made again, one of them otherwise. Two versions drawn
 * apart are nearly always told apart by their first number.
 */
export const drawPairs = (scheme: VersionScheme, seed: number, count: number): readonly VersionPair[] => {
  const random = createRandom(seed);
  const choose = (): number[] => Array.from({ length: 64 }, random);
  const drawn = (choices: readonly number[]): { readonly text: string; readonly used: number } => {
    let used = 0;
    const text = draws[scheme](() => choices[used++ % choices.length]!);
    return { text, used };
  };
  return Array.from({ length: count }, () => {
    const choices = choose();
    const { text, used } = drawn(choices);
    if (random() < 0.1) return [text, drawn(choose()).text];
    let other = text;
    for (let turn = 0; turn < 6 && other === text; turn++)
      other = drawn(choices.with(Math.floor(random() * used), random())).text;
    return [text, other];
  });
};
