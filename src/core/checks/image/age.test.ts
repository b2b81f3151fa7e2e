import { describe, expect, test } from 'vitest';
import { day, imageFacts, judgedAt, platformImage } from '../../../../test/fakes/image-facts.ts';
import { amd64, codes, judge } from '../../../../test/fakes/judge-image.ts';

const unknown = ['image-time-unknown'];

describe('maxAge', () => {
  test.each([
    ['a young image passes', judgedAt - day, []],
    ['an image of exactly that age passes', judgedAt - 90 * day, []],
    ['an image a millisecond older fails', judgedAt - 90 * day - 1, ['image-too-old']],
    ['an image of the first year of images is old', Date.UTC(2013, 0, 1), ['image-too-old']],
    ['a clock that is five minutes ahead passes', judgedAt + 5 * 60_000, []],
    ['an image that names no time: nobody knows its age', undefined, unknown],
    ['a time in the future: it would stay young for ever', judgedAt + 5 * 60_000 + 1, unknown],
    ['a time that is no number', Number.NaN, unknown],
    ['the year 1, as Go writes no time', Date.parse('0001-01-01T00:00:00Z'), unknown],
    ['1970, as most reproducible builders write', 0, unknown],
    ['1980, as Buildpacks write', Date.parse('1980-01-01T00:00:01Z'), unknown],
    ['1985, as npm writes', Date.parse('1985-10-26T08:15:00Z'), unknown],
    ['the last moment before there were images', Date.UTC(2013, 0, 1) - 1, unknown],
  ])('%s', (_title, created, want) => {
    expect(codes({ maxAge: '90d' }, amd64({ created }))).toEqual(want);
  });

  test('the finding says how old the image is and how old it may be', () => {
    expect(judge({ maxAge: '90d' }, amd64({ created: judgedAt - 120 * day }))).toMatchObject([
      {
        message: "image 'registry.example.com/web:1' is older than 90 days",
        detail: 'it was created 120 days ago',
      },
    ]);
  });
});

describe('minAge', () => {
  test.each([
    ['an image that has aged passes', judgedAt - 4 * day, []],
    ['an image of exactly that age passes', judgedAt - 3 * day, []],
    ['a fresh release fails', judgedAt - 2 * day, ['image-too-new']],
    ['a clock that is a little ahead means that the image is fresh', judgedAt + 60_000, ['image-too-new']],
    ['a time in the future', judgedAt + day, unknown],
    ['an image that names no time', undefined, unknown],
    ['1970 does not make a fresh release old', 0, unknown],
  ])('%s', (_title, created, want) => {
    expect(codes({ minAge: '3d' }, amd64({ created }))).toEqual(want);
  });
});

describe('of several times the first that can be true counts', () => {
  const fresh = judgedAt - day;
  const old = judgedAt - 400 * day;
  test.each<[string, readonly number[], readonly string[]]>([
    ['the first, when it can be', [fresh, old], []],
    ['also where a later one would pass', [old, fresh], ['image-too-old']],
    ['the second behind a fixed time', [0, fresh], []],
    ['and it is judged like any other', [0, old], ['image-too-old']],
    ['the last behind one of the future', [Number.NaN, judgedAt + day, 0, fresh], []],
    ['none of those that cannot', [0, judgedAt + day], unknown],
  ])('%s', (_title, times, want) => {
    expect(codes({ maxAge: '90d' }, amd64({ times }))).toEqual(want);
  });
});

describe('unknownTime', () => {
  const nameless = amd64({ created: undefined });
  test.each([
    ['Deny fails', { unknownTime: 'Deny' }, [undefined]],
    ['Deny is the default', {}, [undefined]],
    ['Warn fails at most with a warning', { unknownTime: 'Warn' }, ['Warn']],
    ['Allow says nothing', { unknownTime: 'Allow' }, []],
  ])('%s', (_title, word, want) => {
    const violations = judge({ maxAge: '90d', ...word }, nameless);
    expect(violations.map(({ code, atMost }) => [code, atMost])).toEqual(
      want.map((atMost) => ['image-time-unknown', atMost]),
    );
  });
  test('says nothing of an age that is known', () => {
    const of = (word: string) =>
      judge({ maxAge: '90d', unknownTime: word }, amd64({ created: judgedAt - 91 * day }));
    for (const word of ['Deny', 'Warn', 'Allow']) {
      expect(of(word).map(({ code, atMost }) => [code, atMost])).toEqual([['image-too-old', undefined]]);
    }
  });
  test('is one finding where both ages are asked for', () => {
    expect(codes({ maxAge: '90d', minAge: '3d' }, nameless)).toEqual(unknown);
  });
  test('says what was written, and what somebody else than the builder can do', () => {
    const [violation] = judge({ minAge: '3d' }, amd64({ times: [0, Date.parse('1980-01-01T00:00:01Z')] }));
    expect(violation).toMatchObject({
      message: "image 'registry.example.com/web:1' does not say how old it is",
      detail:
        'it says 1970-01-01 and 1980-01-01, which cannot be true: builds that are reproducible write a fixed time',
    });
    expect(violation?.remedy).toMatch(/image of others: .*owner of the policy.*unknownTime/);
  });
  test('names the platforms of an index that say nothing, beside those that are too old', () => {
    const facts = imageFacts(
      platformImage('linux/amd64', { created: judgedAt - 91 * day }),
      platformImage('linux/arm64', { created: 0 }),
    );
    const violations = judge({ maxAge: '90d' }, facts);
    expect(violations.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "image-too-old: image 'registry.example.com/web:1' is older than 90 days (linux/amd64)",
      "image-time-unknown: image 'registry.example.com/web:1' does not say how old it is (linux/arm64)",
    ]);
  });
});
