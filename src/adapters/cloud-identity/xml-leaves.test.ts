import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readXmlLeaves } from './xml-leaves.ts';
import { threadTime } from '../../../test/fakes/cpu-time.ts';

const leavesOf = (text: string): Record<string, string> | string => {
  const result = readXmlLeaves(text);
  return result.ok ? Object.fromEntries(result.value) : result.error;
};

describe('readXmlLeaves', () => {
  test.each<[string, string, Record<string, string>]>([
    ['texts by their path', '<a><b>1</b><c><d>2</d></c></a>', { 'a/b': '1', 'a/c/d': '2' }],
    [
      'a declaration, a namespace and layout',
      '<?xml version="1.0" encoding="UTF-8"?>\n<a xmlns="urn:x">\n  <b> 1 </b>\n</a>\n',
      { 'a/b': '1' },
    ],
    ['the five entities that XML knows by itself', '<a>&lt;&amp;lt;&gt;&quot;&apos;</a>', { a: '<&lt;>"\'' }],
    ['empty elements', '<a><b/><c></c><d>1</d></a>', { 'a/d': '1' }],
  ])('reads %s', (_title, text, leaves) => expect(leavesOf(text)).toEqual(leaves));

  test.each([
    [
      'an external entity',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
      /no plain XML/,
    ],
    ['entities that grow', '<!DOCTYPE a [<!ENTITY x "&y;&y;">]><a>&x;</a>', /no plain XML/],
    ['an entity that nobody declared', '<a>&x;</a>', /unknown entity/],
    ['an entity that does not end', '<a>&amp</a>', /unknown entity/],
    ['CDATA', '<a><![CDATA[x]]></a>', /no plain XML/],
    ['a comment, which could split a key', '<a>AK<!-- x -->ID</a>', /no plain XML/],
    ['a processing instruction', '<a><?x y?></a>', /no plain XML/],
    ['an element twice: the second could hide the first', '<a><b>1</b><b>2</b></a>', /occurs twice/],
    ['two roots', '<a>1</a><b>2</b>', /two roots/],
    ['elements that cross', '<a><b>1</a></b>', /not closed in order/],
    ['an end without a beginning', '</a>', /not closed in order/],
    ['an end that was cut off', '<a><b>1</b>', /ends early/],
    ['a tag that was cut off', '<a><b', /no plain XML/],
    ['nothing', '', /ends early/],
    ['text before elements', '<a>1<b>2</b></a>', /beside elements/],
    ['text behind elements', '<a><b>2</b>1</a>', /beside elements/],
    ['text before the root', 'x<a>1</a>', /beside elements/],
    ['text behind the root', '<a>1</a>x', /beside elements/],
    ['a page for people', '<html><body class=x>sorry</body></html>', /no plain XML/],
    ['more depth than any answer has', '<a>'.repeat(9) + '</a>'.repeat(9), /too large or too deep/],
    ['more elements than any answer has', `<a>${'<b/>'.repeat(256)}</a>`, /too large or too deep/],
  ])('refuses %s', (_title, text, why) => expect(leavesOf(text)).toMatch(why));

  test('never throws and takes linear time, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', 'a', ' ', '"', '=', '&', ';', '!', '?') }),
        (text) => {
          expect(typeof readXmlLeaves(text).ok).toBe('boolean');
        },
      ),
    );
    const size = 256 * 1024;
    for (const unit of ['<', '<a', '<a ', ' ', '<a b="', '&', '<a>', '</a']) {
      const used = threadTime(() => {
        readXmlLeaves(unit.repeat(size / unit.length));
        readXmlLeaves(`<a>${unit.repeat(size / unit.length)}`);
      });
      expect(used).toBeLessThan(500);
    }
  });
});
