import { parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { printManifests, type KubernetesObject } from './manifest.ts';

const object = (data: Readonly<Record<string, string>>): KubernetesObject & { data: object } => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x' },
  data,
});
const print = (data: Readonly<Record<string, string>>): string =>
  printManifests([{ comment: '', object: object(data) }]);

describe('printManifests', () => {
  test.each([
    'no',
    'on',
    'y',
    'NULL',
    '~',
    '1:30',
    '0o17',
    '017',
    '1e3',
    '1_000',
    '2026-11-20',
    '',
    '- x',
    '#',
  ])('keeps the text %j a text for kubectl, which reads YAML 1.1', (text) => {
    const [document] = parseAllDocuments(print({ key: text }), { version: '1.1' });
    expect(document?.toJS()).toEqual(object({ key: text }));
    expect(parseAllDocuments(print({ key: text }))[0]?.toJS()).toEqual(object({ key: text }));
  });

  test('writes the comment above its object, wrapped, and one document for each object', () => {
    const comment = `${'word '.repeat(30).trim()}\nlast line`;
    const text = printManifests([
      { comment, object: object({}) },
      { comment: '', object: object({ a: 'b' }) },
    ]);
    const lines = text.split('\n');
    expect(lines[0]).toBe('---');
    expect(lines[1]).toMatch(/^# word word/);
    expect(lines).toContain('# last line');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(parseAllDocuments(text)).toHaveLength(2);
  });

  test('keeps a line of a comment that begins with a space as it is: somebody will copy it', () => {
    const line = `    - name: ${'a-long-name '.repeat(12).trim()}`;
    const text = printManifests([{ comment: `Write\n${line}\nthere.`, object: object({}) }]);
    expect(text.split('\n').slice(1, 4)).toEqual(['# Write', `# ${line}`, '# there.']);
  });

  test('repeats a shared value instead of writing an alias, which is hard to read in an apply', () => {
    const shared = { a: 'b' };
    const both = { ...object({}), metadata: { name: 'x', labels: shared, annotations: shared } };
    expect(printManifests([{ comment: '', object: both }])).not.toMatch(/[&*]/);
  });
});
