import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { decisionOf, denyFinding } from '../../../test/fakes/webhook-server.ts';
import { createArtifactLocations } from '../check/artifact-location.ts';
import { renderDecisionTable, formatTable } from './decision-table.ts';
import { jsonPieces } from './json-pieces.ts';
import { renderJunit } from './junit.ts';
import { renderSarif } from './sarif.ts';
import { renderYaml } from './yaml.ts';

const whole = (pieces: Iterable<string>): string => [...pieces].join('');
const head = { apiVersion: 'imagegate.dev/v1alpha1' as const, kind: 'DecisionList' as const };
const decisions = (count: number, findings: number) =>
  Array.from({ length: count }, (_, at) =>
    decisionOf({
      allowed: false,
      object: { apiVersion: 'v1', kind: 'Pod', name: `pod-${String(at)}`, file: 'many.json', line: 1 },
      findings: Array.from({ length: findings }, () => denyFinding({ detail: 'two\nlines\n\nand more' })),
    }),
  );

describe('pieces together are what one text of everything was', () => {
  test.each([0, 1, 3])('JSON with %i items', (count) => {
    const items = decisions(count, 2);
    const expected = `${JSON.stringify({ ...head, items }, undefined, 2)}\n`;
    expect(whole(jsonPieces({ ...head, items: [] }, items))).toBe(expected);
  });
  test.each([0, 1, 3])('YAML with %i items', (count) => {
    const list = { ...head, items: decisions(count, 2) };
    const options = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;
    expect(whole(renderYaml(list))).toBe(stringify(list, options));
  });
});

describe('130,000 findings are written, as 640 are', () => {
  const many = decisions(2_032, 64);
  const rows = 2_032 * 64;
  const occurrences = (pieces: Iterable<string>, text: string): number => {
    let count = 0;
    for (const piece of pieces) count += piece.split(text).length - 1;
    return count;
  };
  const artifacts = () => createArtifactLocations(process.cwd(), []);
  test.each([
    ['table', () => renderDecisionTable(many), 'registry-not-allowed:', rows],
    ['json', () => jsonPieces({ ...head, items: [] }, many), '"registry-not-allowed"', rows],
    ['sarif', () => renderSarif(many, artifacts()), '"ruleId": "registry-not-allowed"', rows],
    ['junit', () => renderJunit(many), '<testcase ', 2_032],
  ] as const)('%s', (_format, render, text, count) => expect(occurrences(render(), text)).toBe(count));

  test('no piece is longer than its own item, so no text reaches the longest string of the engine', () => {
    const longest = Math.max(
      ...Array.from(renderSarif(many.slice(0, 100), artifacts()), ({ length }) => length),
    );
    expect(longest).toBeLessThan(16 * 1024);
  });
});

test('columns stay aligned however many rows there are', () => {
  const lines = [
    ...formatTable(['A', 'B'], [['long cell', 'x'], ...Array.from({ length: 200_000 }, () => ['a', 'b'])]),
  ];
  expect(lines).toHaveLength(200_002);
  expect(lines[0]).toBe('A           B\n');
  expect(lines.at(-1)).toBe('a           b\n');
});
