import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** One line of an `@example`: `expression // what it evaluates to`. Both are JavaScript. */
interface Example {
  readonly expression: string;
  readonly value: string;
}

const examplesOf = (text: string): readonly (Example | string)[] =>
  [...text.matchAll(/\n \* @example\n((?: \* .+\n)+)/g)].flatMap(([, lines = '']) =>
    lines
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(3))
      .filter((line) => !line.startsWith('@'))
      .map((line) => {
        const at = line.lastIndexOf(' // ');
        return at < 0 ? line : { expression: line.slice(0, at), value: line.slice(at + 4) };
      }),
  );

const documented = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => ({
    file: join('src', file),
    examples: examplesOf(readFileSync(join(root, 'src', file), 'utf8')),
  }))
  .filter(({ examples }) => examples.length > 0);

test('examples stand in docstrings, and each says what comes of it', () => {
  expect(documented.length).toBeGreaterThan(10);
  expect(documented.flatMap(({ examples }) => examples).filter((one) => typeof one === 'string')).toEqual([]);
});

describe.each(documented)('the examples of $file', ({ file, examples }) => {
  test.each(examples.filter((one) => typeof one !== 'string'))(
    '$expression is $value',
    async ({ expression, value }) => {
      const exported = (await import(join(root, file))) as Record<string, unknown>;
      const evaluated: unknown = runInNewContext(expression, { ...exported });
      const expected: unknown = runInNewContext(`(${value})`, {});
      expect(evaluated).toEqual(expected);
    },
  );
});
