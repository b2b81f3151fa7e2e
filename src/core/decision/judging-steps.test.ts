import { expect, test } from 'vitest';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { evidenceOf, imageFacts, judgedAt, platformImage } from '../../../test/fakes/image-facts.ts';
import { nonRoot, pinned } from '../../../test/fakes/verdict.ts';
import { known } from '../facts/fact.ts';
import { asking } from '../policy-set/needs.ts';
import { selectPolicies } from '../policy-set/select.ts';
import type { Steps } from '../steps.ts';
import { judging } from './decide.ts';

const stepsOf = (work: Steps<unknown>): number => {
  let steps = 0;
  while (work.next().done !== true) steps += 1;
  return steps;
};

const policies = 50;
const images = 4;
const set = policySet(
  Object.fromEntries(Array.from({ length: policies }, (_, at) => [`p${at}`, { checks: [nonRoot] }])),
);
const labels = known({});
const matched = selectPolicies(set.forNamespace('shop'), {
  namespace: 'shop',
  namespaceLabels: labels,
  objectLabels: [{}],
});
const root = evidenceOf(imageFacts(platformImage('linux/amd64', { user: '' })));
const underReview = Array.from({ length: images }, (_, at) => ({
  use: { path: `spec.containers[${at}].image`, given: pinned, place: `spec.containers/c${at}` },
  fresh: true,
  image: set.images.read(pinned),
  evidence: root,
}));

test('R24: no step of a verdict is longer than the text of an image, or its bytes under one policy', () => {
  const work = judging(underReview, matched, undefined, {
    pod: false,
    now: judgedAt,
    namespaceLabels: labels,
  });
  expect(stepsOf(work)).toBe(images + images * policies);
});

test('R24: thousands of findings are put in order in a step of their own', () => {
  const failing = policySet(
    Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [`p${at}`, { checks: [{ tags: { deny: ['*'] } }] }]),
    ),
  );
  const covered = selectPolicies(failing.forNamespace('shop'), {
    namespace: 'shop',
    namespaceLabels: labels,
    objectLabels: [{}],
  });
  const read = failing.images.read('nginx:latest');
  const under = underReview.map(({ use, fresh }) => ({ use, fresh, image: read }));
  expect(stepsOf(judging(under, covered, undefined))).toBe(images + 1);
});

test.each(['judge', 'pin'] as const)('R24: what is needed to %s is asked in steps of an image', (purpose) => {
  expect(stepsOf(asking(underReview, matched, purpose))).toBe(images);
});
