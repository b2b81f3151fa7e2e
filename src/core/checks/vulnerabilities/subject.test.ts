import { expect, test } from 'vitest';
import { match, packageList } from '../../../../test/fakes/vulnerability-facts.ts';
import { createVulnerabilityMemory } from './subject.ts';

test('what is wrong with a list is found once, though each review tells anew whose it is', () => {
  const memory = createVulnerabilityMemory();
  const list = packageList([match('CVE-2026-1')]);
  const found = memory([list]);
  expect(found).toHaveLength(1);
  expect(memory([{ ...list, source: { ...list.source } }])).toBe(found);
  expect(memory([packageList([match('CVE-2026-2')])])).not.toBe(found);
});
