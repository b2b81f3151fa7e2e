import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { objectOf, type JsonObject } from '../src/core/text/json/json.ts';
import { readConstraint } from '../src/languages/gatekeeper/constraint.ts';
import { readTemplate } from '../src/languages/gatekeeper/constraint-template.ts';
import { judgeConstraint } from '../src/languages/gatekeeper/judge-constraint.ts';
import { reviewOfObject } from '../src/languages/gatekeeper/review.ts';
import { parse } from 'yaml';

const folder = join(import.meta.dirname, '..', 'examples', 'gatekeeper', 'document-004');
const textOfFile = (name: string): string => readFileSync(join(folder, name), 'utf8');

const messages = (template: string, images: readonly string[]): readonly string[] => {
  const read = readTemplate(parse(template), { hasInventory: false });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const constraint = readConstraint(parse(textOfFile('constraint.yaml')), read.value);
  if (!constraint.ok) throw new Error(JSON.stringify(constraint.error));
  const pod: JsonObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: images.map((image, at) => ({ name: `c${at}`, image })) },
  };
  const judgement = judgeConstraint(constraint.value, reviewOfObject(pod), {
    point: 'audit.gatekeeper.sh',
    surroundings: { now: 0n, seed: 'test' },
  });
  if (judgement?.error !== undefined) throw new Error(judgement.error);
  return (judgement?.violations ?? []).map(({ msg }) => msg);
};

describe('the template and the constraint of document 004', () => {
  const printed = textOfFile('template.yaml');

  test.each([
    ['an unbound variable, as printed', printed],
    ['an underscore', printed.replace('[bash]', '[_]')],
  ])('refuse untrusted images, each once: %s', (_title, template) => {
    expect(objectOf(parse(template))['apiVersion']).toBe('templates.gatekeeper.sh/v1beta1');
    expect(messages(template, ['allowed-registry/nginx', 'untrusted-registry/nginx', 'a', 'a'])).toEqual([
      "Image 'a' not from allowed registry",
      "Image 'untrusted-registry/nginx' not from allowed registry",
    ]);
  });

  test('let trusted images run', () => {
    expect(messages(printed, ['allowed-registry/nginx'])).toEqual([]);
  });
});
