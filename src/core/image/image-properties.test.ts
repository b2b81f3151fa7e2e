import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lintPattern } from './pattern-lint.ts';
import { compilePattern, matchesPattern, type ImagePattern, type PatternUse } from './pattern.ts';
import { formatReference, parseReference, type ImageReference } from './reference.ts';
import { isDockerHubName } from './registry-host.ts';

const joined = (arbitrary: fc.Arbitrary<readonly string[]>, separator = '') =>
  arbitrary.map((parts) => parts.join(separator));
const anyOf = (characters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters.split('')), minLength: 1, maxLength });
const maybe = (arbitrary: fc.Arbitrary<string>) => fc.option(arbitrary, { nil: '' });
const some = (arbitrary: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(arbitrary, { minLength: 1, maxLength });

const word = anyOf('abcz019', 4);
const component = joined(fc.tuple(word, fc.constantFrom('.', '_', '__', '-', '---', ''), word));
const path = joined(some(component, 4), '/');
const label = joined(fc.tuple(anyOf('abXZ09', 3), fc.constantFrom('-', '--', ''), anyOf('abXZ09', 3)));
const hostname = fc.oneof(
  joined(fc.tuple(label, label), '.'),
  fc.constantFrom('docker.io', 'index.docker.io', 'Docker.IO', 'registry-1.docker.io', 'localhost', 'Foo'),
  fc.constantFrom('[::1]', '[FC00::a]', '127.0.0.1', 'registry.example.com'),
);
const port = fc.nat(99_999).map((number) => `:${number}`);
const host = joined(fc.tuple(hostname, maybe(port)));
const tag = joined(fc.tuple(fc.constant(':'), anyOf('aZ_09', 1), maybe(anyOf('aZ_09.-', 12))));
const digest = fc
  .tuple(
    fc.constantFrom(['sha256', 64] as const, ['sha384', 96] as const, ['sha512', 128] as const),
    fc.nat(15),
  )
  .map(([[algorithm, length], digit]) => `@${algorithm}:${digit.toString(16).repeat(length)}`);
const imageText = joined(fc.tuple(maybe(host.map((text) => `${text}/`)), path, maybe(tag), maybe(digest)));
/** Texts near the grammar find more than texts from all of Unicode. */
const marks = fc.constantFrom('/', ':', '@', '.', '-', '_', '[', '*', '**', ' ', '\u0000', 'A', 'é', '://');
const nearlyImage = joined(some(fc.oneof(component, host, tag, digest, marks), 8));
const anyText = fc.oneof(fc.string({ unit: 'binary' }), nearlyImage, imageText);
const patternPath = joined(
  some(
    fc.oneof(
      component,
      fc.constantFrom('*', '**'),
      word.map((text) => `${text}*`),
    ),
    4,
  ),
  '/',
);
const use = fc.constantFrom<PatternUse>('allow', 'platform', 'deny', 'match');

const parsed = (text: string): ImageReference => {
  const result = parseReference(text);
  if (!result.ok) throw new Error(`${text}: ${result.error.why}`);
  return result.value;
};

const compiled = (text: string, place: PatternUse): ImagePattern => {
  const result = compilePattern(text, place);
  if (!result.ok) throw new Error(`${text}: ${result.error.why}`);
  return result.value;
};

/** Undefined when the property holds for every run, else what failed and why. */
const failure = <T>(property: fc.IProperty<T>, numRuns = 2000) => {
  const result = fc.check(property, { numRuns });
  return result.failed ? [result.counterexample, String(result.errorInstance)] : undefined;
};

const fields = ({ given: _given, ...rest }: ImageReference) => JSON.stringify(rest, Object.keys(rest).sort());

describe('B21: references', () => {
  test('parse(format(x)) is x, but for the text as given, the default tag and the host being written now', () => {
    const roundTrip = fc.property(imageText, (text) => {
      const first = parsed(text);
      const tagged =
        first.tag === undefined && first.digest === undefined ? { ...first, tag: 'latest' } : first;
      return fields(parsed(formatReference(first))) === fields({ ...tagged, hostWritten: true });
    });
    expect(failure(roundTrip)).toBeUndefined();
  });

  test('parsing never throws, and the normalised name of any text is stable', () => {
    const stable = fc.property(anyText, (text) => {
      const result = parseReference(text);
      if (!result.ok)
        return text.includes(result.error.text.replace(/\/\/$/, '')) && /^[ -~]+$/.test(result.error.why);
      const name = formatReference(result.value);
      return result.value.given === text && formatReference(parsed(name)) === name;
    });
    expect(failure(stable, 5000)).toBeUndefined();
  });
});

describe('B20: patterns', () => {
  test('a pattern for one host never matches a reference on another', () => {
    const apart = fc.property(host, host, path, use, (one, other, repository, place) => {
      const reference = parsed(`${other}/${repository}`);
      const pattern = compiled(`${one}/**`, place);
      const isSameHost = pattern.registry?.host === reference.host;
      const isSameName = pattern.registry?.hostname === reference.hostname;
      const isHub = pattern.registry?.hostname === 'docker.io' && isDockerHubName(reference.hostname);
      const isFence = place === 'allow' || place === 'platform';
      return (isFence ? isSameHost : isSameName || isHub) || !matchesPattern(pattern, reference);
    });
    expect(failure(apart)).toBeUndefined();
  });

  test('anything glued to the host leads outside an allow list', () => {
    const glue = fc.constantFrom<(name: string, text: string) => string>(
      (name, text) => `${name}.${text}`,
      (name, text) => `${name}${text}`,
      (name, text) => `${text}${name}`,
      (name, text) => `${text}.${name}`,
      (name, text) => `${text}-${name}`,
      (name, text) => `${name}@${text}.io`,
      (name, text) => `${name}:443@${text}.io`,
      (name) => `${name}:443`,
      (name) => `${name}.`,
      (name) => `${name}.evil.com`,
      (name) => `evil.com/${name}`,
    );
    const names = fc.constantFrom('allowed.io', 'mycompany.example.com', '127.0.0.1');
    const outside = fc.property(glue, word, path, names, (attach, text, repository, name) => {
      const reference = parseReference(`${attach(name, text)}/${repository}`);
      return !reference.ok || !matchesPattern(compiled(`${name}/**`, 'allow'), reference.value);
    });
    expect(failure(outside)).toBeUndefined();
  });

  test('an image matches the pattern that spells it, and the tree above it', () => {
    const inside = fc.property(host, path, use, (name, repository, place) => {
      const reference = parsed(`${name}/${repository}`);
      // No pattern names what only an upper-case `DOCKER.IO/x` names: the pattern is refused as one without library/.
      const spelt = formatReference(reference).replace(/:latest$/, '');
      if (spelt.startsWith('DOCKER.IO/')) return !compilePattern(spelt, place).ok;
      const exact = compiled(spelt, place);
      return matchesPattern(exact, reference) && matchesPattern(compiled(`${name}/**`, place), reference);
    });
    expect(failure(inside)).toBeUndefined();
  });

  test('R6: deny covers at least what allow covers with the same text', () => {
    const wider = fc.property(host, patternPath, path, (name, glob, repository) => {
      const text = `${name}/**/${glob}`;
      const reference = parsed(`${name}/${repository}`);
      return (
        !matchesPattern(compiled(text, 'allow'), reference) ||
        matchesPattern(compiled(text, 'deny'), reference)
      );
    });
    expect(failure(wider)).toBeUndefined();
  });

  test('R6: globs agree with a regular expression that says the same', () => {
    const partOf = (part: string) => (part === '**' ? '[^/]+(?:/[^/]+)*' : part.replaceAll('*', '[^/]*'));
    const glob = joined(some(fc.constantFrom('a', 'b', 'a*', '*b', 'a*b', '*', '**'), 6), '/');
    const small = joined(some(fc.constantFrom('a', 'b', 'ab'), 6), '/');
    const agrees = fc.property(glob, small, (text, repository) => {
      const expression = new RegExp(`^${text.split('/').map(partOf).join('/')}$`);
      const isMatched = matchesPattern(compiled(`a.io/${text}`, 'allow'), parsed(`a.io/${repository}`));
      return isMatched === expression.test(repository);
    });
    expect(failure(agrees, 5000)).toBeUndefined();
  });

  test('compiling and linting never throw, and a suggestion always compiles', () => {
    const patternText = fc.oneof(anyText, joined(fc.tuple(host, patternPath), '/'));
    const helpful = fc.property(patternText, use, (text, place) => {
      const result = compilePattern(text, place);
      if (result.ok) return lintPattern(result.value).every((warning) => warning.endsWith('.'));
      const { suggestion } = result.error;
      return suggestion === undefined || compilePattern(suggestion, place).ok;
    });
    expect(failure(helpful, 5000)).toBeUndefined();
  });
});
