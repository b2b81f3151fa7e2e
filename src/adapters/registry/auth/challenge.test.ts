import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxChallengeLength, parseChallenges } from './challenge.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';

const read = (header: string) => {
  const parsed = parseChallenges(header);
  return parsed.ok
    ? parsed.value.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)] as const)
    : parsed.error;
};

describe('WWW-Authenticate is read as RFC 9110 writes it', () => {
  const cases: readonly (readonly [
    string,
    string,
    readonly (readonly [string, Record<string, string>])[],
  ])[] = [
    [
      'the challenge of Docker Hub',
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:library/nginx:pull,push',
          },
        ],
      ],
    ],
    ['a scheme and names in any case', 'bEaReR ReAlM="x"', [['bearer', { realm: 'x' }]]],
    ['a token as value', 'Basic realm=here', [['basic', { realm: 'here' }]]],
    ['blanks around the equals sign', 'Basic realm \t=  "here"', [['basic', { realm: 'here' }]]],
    [
      'quotes and backslashes behind a backslash',
      String.raw`Basic realm="a \"b\" \\c"`,
      [['basic', { realm: 'a "b" \\c' }]],
    ],
    [
      'a comma and an equals sign within quotes',
      'Basic realm="a, Bearer realm=b"',
      [['basic', { realm: 'a, Bearer realm=b' }]],
    ],
    ['a scheme alone', 'Negotiate', [['negotiate', {}]]],
    ['a scheme with token68', 'Negotiate YIIJvwYGKwYBBQUCoIIJszCC==', [['negotiate', {}]]],
    [
      'several challenges in one header',
      'Negotiate, Basic realm="a", charset="UTF-8", Bearer realm="b",service=c',
      [
        ['negotiate', {}],
        ['basic', { realm: 'a', charset: 'UTF-8' }],
        ['bearer', { realm: 'b', service: 'c' }],
      ],
    ],
    [
      'empty elements of the list, which a reader must pass over',
      ', ,Basic realm="a",, ,Bearer realm="b" ,',
      [
        ['basic', { realm: 'a' }],
        ['bearer', { realm: 'b' }],
      ],
    ],
    ['nothing', '', []],
  ];
  test.each(cases)('%s', (_title, header, expected) => {
    expect(read(header)).toEqual(expected);
  });
});

describe('a WWW-Authenticate that cannot be read is refused as a whole', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'a parameter that stands twice (B28: another reader takes the other realm)',
      'Bearer realm="https://a",realm="https://b"',
      /realm twice/,
    ],
    ['the same in another case', 'Bearer realm="https://a",REALM="https://b"', /realm twice/],
    ['a quote that nobody closes', 'Bearer realm="https://a', /cannot be read/],
    ['an address without quotes', 'Bearer realm=https://a/token', /end/],
    ['two parameters without a comma', 'Bearer realm="a" service="b"', /end/],
    ['two challenges without a comma', 'Basic Bearer realm="a"', /cannot be read/],
    ['something that is no scheme', '"Basic"', /scheme/],
    ['a control character within quotes', 'Basic realm="a\u0001b"', /cannot be read/],
    ['too long a header', `Basic realm="${'a'.repeat(maxChallengeLength)}"`, /longer/],
    ['too many challenges', Array.from({ length: 17 }, () => 'Basic').join(','), /more than 16/],
    [
      'too many parameters',
      `Basic ${Array.from({ length: 33 }, (_, at) => `p${at}=1`).join(',')}`,
      /more than 32/,
    ],
  ];
  test.each(cases)('%s', (_title, header, why) => {
    expect(read(header)).toMatch(why);
  });

  test('whatever stands there, it is read or refused in linear time', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('Bearer', 'realm', '=', '"', '\\', ',', ' ', 'a', '==', '\t', '/', '\u0000'),
          { maxLength: 400 },
        ),
        (parts) => {
          const parsed = parseChallenges(parts.join(''));
          if (parsed.ok) expect(parsed.value.length).toBeLessThanOrEqual(16);
        },
      ),
    );
    const used = threadTime(() => {
      parseChallenges(`Bearer realm="${'\\'.repeat(maxChallengeLength - 20)}`);
      parseChallenges('a='.repeat(maxChallengeLength / 2));
    });
    expect(used).toBeLessThan(200);
  });

  test('what was written is what is read', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const text = fc.stringMatching(/^[\x20-\x7e]{0,30}$/);
    const parameters = fc.uniqueArray(fc.tuple(word, text), {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 5,
    });
    const challenges = fc.array(fc.tuple(word, parameters), { minLength: 1, maxLength: 4 });
    const quote = (value: string): string => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    fc.assert(
      fc.property(challenges, (written) => {
        const header = written
          .map(
            ([scheme, list]) =>
              `${scheme} ${list.map(([name, value]) => `${name}=${quote(value)}`).join(',')}`,
          )
          .join(', ');
        expect(read(header)).toEqual(written.map(([scheme, list]) => [scheme, Object.fromEntries(list)]));
      }),
    );
  });
});
