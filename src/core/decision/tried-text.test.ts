import { describe, expect, test } from 'vitest';
import { withTried } from './tried-text.ts';

describe('a cause beside the credentials that were tried', () => {
  const long = `docker config /${'a'.repeat(600)}/config.json: its auth is not base64 of USER:PASSWORD`;
  test.each<[string, string, readonly string[], string]>([
    ['stands alone where none was', 'it is down', [], 'it is down'],
    ['comes before them', 'it is down', ['anonymous: no answer'], 'it is down; tried anonymous: no answer'],
    [
      'counts those that it does not name',
      'c',
      ['1', '2', '3', '4', '5', '6'],
      'c; tried 1; 2; 3; 4 and 2 more',
    ],
  ])('%s', (_title, cause, tried, want) => {
    expect(withTried(cause, tried)).toBe(want);
  });

  test.each([1, 4, 16])('stays whole beside %d long ones, which are cut in their middle', (count) => {
    const cause = `r.example.com: manifest: ${'its cause is told at some length, '.repeat(8)}and ends here`;
    const text = withTried(
      cause,
      Array.from({ length: count }, () => long),
    );
    expect(text.startsWith(cause)).toBe(true);
    expect(text.length).toBeLessThanOrEqual(512);
    expect(text).toContain('docker conf');
  });
});
