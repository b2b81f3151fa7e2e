import { createHash } from 'node:crypto';
import type { Digest } from '../image/digest.ts';
import { expect, test } from 'vitest';
import { isEmptyObject, provesNoImage } from './no-config.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each<[string, string, boolean]>([
  ['the empty object', '{}', true],
  ['with white space around', ' \n\t\r{ }', true],
  ['nothing at all', '', true],
  ['a text', '"{}"', true],
  ['a list', '[{"os":"linux"}]', true],
  ['YAML', 'os: linux', true],
  ['the config of a chart', '{"name":"web","version":"1.2.3","apiVersion":"v2"}', true],
  [
    'the config of a model',
    '{"descriptor":{"name":"m"},"config":{"paramSize":"8b"},"modelfs":{"diffIds":[]}}',
    true,
  ],
  ['an image', '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}', false],
  ['what has layers alone', '{"rootfs":{}}', false],
  ['what has a system alone', '{"os":""}', false],
  ['what has null alone, which Go reads as well', '{"architecture":null}', false],
  ['an image in capitals, which Go reads as well', '{"OS":"linux"}', false],
  ['an image with a long s, which Go folds', '{"rootf\u017f":{}}', false],
  ['the same by escape', '{"o\\u0073":"linux"}', false],
  ['what holds a key twice, which Go mixes', '{"a":1,"a":2}', false],
  ['what only we cannot read', '{"a":"\\ud800"', false],
])('%s proves that it is no image: %s: %s', (_title, text, want) => {
  expect(provesNoImage(bytesOf(text))).toBe(want);
});

test('bytes that are no UTF-8, which Go replaces, prove nothing', () => {
  expect(provesNoImage(Uint8Array.from([...bytesOf('{"a":"'), 0xff, ...bytesOf('"}')]))).toBe(false);
});

test('the empty object is known by each digest', () => {
  for (const algorithm of ['sha256', 'sha384', 'sha512']) {
    const digest = (text: string) =>
      `${algorithm}:${createHash(algorithm).update(text).digest('hex')}` as Digest;
    expect(isEmptyObject(digest('{}'))).toBe(true);
    expect(isEmptyObject(digest('{ }'))).toBe(false);
  }
});
