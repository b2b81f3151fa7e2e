import { describe, expect, test } from 'vitest';
import { parseReference } from '../image/reference.ts';
import { digestCheck, pinCheck } from './digest.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe.each([
  ['digest.require', digestCheck, undefined],
  ['digest.pin, for Pods only', pinCheck, true],
] as const)('%s', (_title, check, podsOnly) => {
  test.each([
    ['a digest alone passes', `a.io/x@${digest}`, []],
    ['tag and digest together pass', `a.io/x:1@${digest}`, []],
    ['a tag can move', 'a.io/x:1', ['digest-missing']],
    ['no tag at all can move as well', 'a.io/x', ['digest-missing']],
  ])('%s', (_case, image, want) => {
    const parsed = parseReference(image);
    if (!parsed.ok) throw new Error(`a mistake of the test: ${image}`);
    expect(check.run(parsed.value).map(({ code }) => code)).toEqual(want);
    expect(check.podsOnly).toBe(podsOnly);
  });
});
