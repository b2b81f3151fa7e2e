import { expect, test } from 'vitest';
import { parseReference } from '../image/reference.ts';
import { tagsCheck } from './tags.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['a denied tag', ['latest'], 'a.io/x:latest', ['tag-denied']],
  ['another tag passes', ['latest'], 'a.io/x:1.2', []],
  ['no tag and no digest is latest', ['latest'], 'a.io/x', ['tag-denied']],
  ['a digest without a tag has no tag to judge', ['latest'], `a.io/x@${digest}`, []],
  [
    'a denied tag beside a digest is still written there',
    ['latest'],
    `a.io/x:latest@${digest}`,
    ['tag-denied'],
  ],
  ['a star stands for any characters', ['dev-*'], 'a.io/x:dev-7', ['tag-denied']],
  ['tags are case-sensitive, as in a registry', ['latest'], 'a.io/x:Latest', []],
])('%s', (_title, deny, image, want) => {
  const parsed = parseReference(image);
  if (!parsed.ok) throw new Error(`a mistake of the test: ${image}`);
  expect(
    tagsCheck(deny)
      .run(parsed.value)
      .map(({ code }) => code),
  ).toEqual(want);
});
