import { expect, test } from 'vitest';
import { atField } from './finding-place.ts';

test.each([
  [
    'a message about an image',
    'image a is not allowed',
    'spec.containers[0].image',
    ', at spec.containers[0].image',
  ],
  ['a message that begins with its field', 'spec.containers: must be a list', 'spec.containers', ''],
  ['a message about the whole request', 'too late', undefined, ''],
  ['a path of a stranger', 'x', 'spec.a\nb', ', at spec.a\\u{a}b'],
  ['a very long path keeps both ends', 'x', `spec.${'a'.repeat(500)}.image`, /^, at spec\.a+…a+\.image$/],
])('%s', (_title, message, path, want) => {
  const text = atField({ message, ...(path === undefined ? {} : { path }) });
  if (typeof want === 'string') expect(text).toBe(want);
  else expect(text).toMatch(want);
});
