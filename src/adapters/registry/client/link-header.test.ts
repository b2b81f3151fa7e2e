import { describe, expect, test } from 'vitest';
import { nextPage } from './link-header.ts';

const page = new URL('https://r.example.com/v2/team/app/tags/list?n=2');

describe('the next page of a list', () => {
  const cases: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['no header is the end', undefined, undefined],
    ['an empty header is the end', '  ', undefined],
    ['a path', '</v2/team/app/tags/list?last=b&n=2>; rel="next"', '/v2/team/app/tags/list?last=b&n=2'],
    ['a query alone', '<?last=b>;rel=next', '/v2/team/app/tags/list?last=b'],
    [
      'the whole address',
      '<https://r.example.com/v2/team/app/tags/list?last=b>; rel="next"',
      '/v2/team/app/tags/list?last=b',
    ],
    [
      'the address with the usual port',
      '<https://r.example.com:443/v2/team/app/tags/list?last=b>; REL="Next"',
      '/v2/team/app/tags/list?last=b',
    ],
    ['several relations', '<?last=b>; title="a, b; c"; rel="last next"', '/v2/team/app/tags/list?last=b'],
    ['several links', '<?last=>; rel="first", <?last=b>; rel="next"', '/v2/team/app/tags/list?last=b'],
    ['another relation is the end', '</v2/team/app/tags/list?last=b>; rel="prev"', undefined],
    ['the first rel counts', '<?last=b>; rel="prev"; rel="next"', undefined],
    ['no relation is the end', '<?last=b>', undefined],
  ];
  test.each(cases)('%s', (_title, header, expected) => {
    expect(nextPage(header, page)).toEqual({ ok: true, value: expected });
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['another host (B28)', '<https://evil.example.net/v2/team/app/tags/list>; rel="next"', /another host/],
    [
      'another host without a scheme',
      '<//evil.example.net/v2/team/app/tags/list>; rel="next"',
      /another host/,
    ],
    ['another port', '<https://r.example.com:8443/v2/team/app/tags/list>; rel="next"', /another host/],
    ['plain HTTP', '<http://r.example.com/v2/team/app/tags/list>; rel="next"', /another host/],
    ['another repository', '</v2/other/app/tags/list>; rel="next"', /somewhere else/],
    [
      'another repository by dots',
      '</v2/team/app/tags/../../../other/app/tags/list>; rel="next"',
      /somewhere else/,
    ],
    ['a path that cannot be decoded', '</v2/%zz>; rel="next"', /somewhere else/],
    ['no address', '<https://[>; rel="next"', /no address/],
    ['a link that is not closed', '</v2/team/app/tags/list; rel="next"', /cannot be read/],
    ['text behind it', '<?a=b>; rel="prev" what', /cannot be read/],
    ['too long a header', `<?${'a'.repeat(8192)}>; rel="next"`, /longer/],
  ];
  test.each(refused)('%s is refused', (_title, header, why) => {
    const found = nextPage(header, page);
    expect(found.ok ? 'taken' : found.error).toMatch(why);
  });
});
