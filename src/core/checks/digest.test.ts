import { expect, test } from 'vitest';
import { parseReference } from '../image/reference.ts';
import { digestCheck } from './digest.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['a digest alone passes', `a.io/x@${digest}`, []],
  ['tag and digest together pass', `a.io/x:1@${digest}`, []],
  ['a tag can move', 'a.io/x:1', ['digest-missing']],
  ['no tag at all can move as well', 'a.io/x', ['digest-missing']],
])('%s', (_title, image, want) => {
  const parsed = parseReference(image);
  if (!parsed.ok) throw new Error(`a mistake of the test: ${image}`);
  expect(digestCheck.run(parsed.value).map(({ code }) => code)).toEqual(want);
});
