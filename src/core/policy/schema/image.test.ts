import { describe, expect, test } from 'vitest';
import { readPolicy } from './schema.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';

const problems = (spec: object): readonly string[] => {
  const read = readPolicy(
    {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'p' },
      spec: { checks: [{ digest: { pin: true } }], ...spec },
    },
    anyExpression,
  );
  if (read.ok) return [];
  return read.error.map(
    ({ path, message, suggestion }) =>
      `${path.join('.')}: ${message}${suggestion === undefined ? '' : ` -> ${suggestion}`}`,
  );
};
const image = (conditions: object): readonly string[] => problems({ checks: [{ image: conditions }] });
const rule = { image: 'data-class', namespace: { key: 'env', in: ['production'] } };

describe('the check image is read', () => {
  test.each([
    [
      'with every condition',
      { maxAge: '90d', minAge: '12h', user: 'NonRootNumeric', platforms: ['linux/arm/v7'], maxSize: '1500' },
    ],
    [
      'with every rule about labels',
      { labels: { required: { a: ['*'] }, forbidden: { b: ['', 'x*'] }, namespaceLabels: [rule] } },
    ],
    ['with a word for times that cannot be true', { minAge: '3d', unknownTime: 'Allow' }],
    [
      'with names that only images have',
      { labels: { required: { 'org.opencontainers.image.source': ['*'], 'Vendor/Name:x': ['*'] } } },
    ],
  ])('%s', (_title, conditions) => expect(image(conditions)).toEqual([]));

  test('a rule without a value holds for any', () => {
    const read = readPolicy(
      {
        apiVersion: 'imagegate.dev/v1alpha1',
        kind: 'ImagePolicy',
        metadata: { name: 'p' },
        spec: { checks: [{ image: { labels: { namespaceLabels: [rule] } } }] },
      },
      anyExpression,
    );
    expect(read.ok && read.value.spec.checks[0]).toEqual({
      image: { labels: { namespaceLabels: [{ ...rule, value: '*' }] } },
    });
  });
});

describe('what is wrong is refused, once and with its place', () => {
  test.each([
    ['no condition', {}, 'spec.checks.0.image: this check checks nothing'],
    [
      'a word for times where no age is asked for',
      { user: 'NonRoot', unknownTime: 'Warn' },
      'spec.checks.0.image.unknownTime: does nothing without `maxAge` or `minAge`',
    ],
    [
      'that word alone',
      { unknownTime: 'Warn' },
      'spec.checks.0.image.unknownTime: does nothing without `maxAge` or `minAge`',
    ],
    [
      'another word for it',
      { maxAge: '90d', unknownTime: 'warn' },
      'spec.checks.0.image.unknownTime: "warn"',
    ],
    [
      'a condition left empty',
      { maxAge: null, user: 'NonRoot' },
      'spec.checks.0.image.maxAge: expected text, found nothing',
    ],
    [
      'an age without a unit',
      { maxAge: '90' },
      'spec.checks.0.image.maxAge: "90": must be a whole number above 0',
    ],
    ['an age as a number', { maxAge: 90 }, 'put it in quotes'],
    ['no time at all', { minAge: '0s' }, 'spec.checks.0.image.minAge: "0s": must be'],
    ['an age beyond every image', { maxAge: '36501d' }, 'spec.checks.0.image.maxAge: "36501d": must be'],
    ['a month, which is no unit', { maxAge: '3mo' }, '"3mo": must be'],
    ['a user in another case', { user: 'nonroot' }, 'expected one of NonRoot, NonRootNumeric -> NonRoot'],
    [
      'a size with a unit that is none',
      { maxSize: '500MB' },
      'spec.checks.0.image.maxSize: "500MB": must be',
    ],
    ['no size at all', { maxSize: '0Mi' }, '"0Mi": must be'],
    ['a platform as uname writes it', { platforms: ['linux/x86_64'] }, '-> linux/amd64'],
    ['a platform without architecture', { platforms: ['linux'] }, 'must be os/architecture'],
    ['no platform', { platforms: [] }, 'spec.checks.0.image.platforms: must not be empty'],
    ['no rule about labels', { labels: {} }, 'this condition checks nothing: add `required`'],
    ['no label', { labels: { required: {} } }, 'this condition checks nothing: name at least one label'],
    [
      'a label without values',
      { labels: { forbidden: { a: [] } } },
      'spec.checks.0.image.labels.forbidden.a: must not be empty',
    ],
    [
      'a label with a text for its values',
      { labels: { forbidden: { a: 'x' } } },
      'expected a list, found the text "x"',
    ],
    ['a label with a blank in its name', { labels: { required: { 'a b': ['*'] } } }, 'printable ASCII'],
    [
      'a rule without a namespace',
      { labels: { namespaceLabels: [{ image: 'a' }] } },
      'missing field "namespace"',
    ],
    [
      'a rule that fits nowhere',
      { labels: { namespaceLabels: [{ image: 'a', namespace: { key: 'env', in: [] } }] } },
      'must not be empty',
    ],
    ['a misspelt condition', { maxage: '90d' }, 'unknown field "maxage" -> maxAge'],
    ['a misspelt rule', { labels: { require: { a: ['*'] } } }, 'unknown field "require" -> required'],
  ])('%s', (_title, conditions, want) => expect(image(conditions)).toEqual([expect.stringContaining(want)]));
});

describe('multiArch and staleFor', () => {
  test.each([
    ['the platforms that are judged', { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] } }],
    ['each platform', { multiArch: { mode: 'each-platform' } }],
    ['an hour', { staleFor: '1h' }],
    ['none', { staleFor: '0s' }],
    ['none, without a unit', { staleFor: '0' }],
  ])('%s', (_title, spec) => expect(problems(spec)).toEqual([]));
  test.each([
    [
      'no platform to judge',
      { multiArch: { mode: 'platforms' } },
      'spec.multiArch.platforms: the mode platforms needs',
    ],
    [
      'platforms that would not be looked at',
      { multiArch: { platforms: ['linux/amd64'] } },
      'the mode reference judges all platforms',
    ],
    ['another mode', { multiArch: { mode: 'all' } }, 'expected one of reference, each-platform, platforms'],
    [
      'a bare number',
      { staleFor: '60' },
      'spec.staleFor: "60": must be a whole number and one of s, m, h, d',
    ],
  ])('%s is refused', (_title, spec, want) =>
    expect(problems(spec)).toEqual([expect.stringContaining(want)]),
  );
});

describe('digest', () => {
  test.each([
    ['pin', { pin: true }, []],
    ['require', { require: true }, []],
    ['both', { require: true, pin: true }, []],
    ['neither', { require: false }, [expect.stringContaining('write `require: true` or `pin: true`')]],
  ])('%s', (_title, digest, want) => expect(problems({ checks: [{ digest }] })).toEqual(want));
});
