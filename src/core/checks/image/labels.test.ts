import { describe, expect, test } from 'vitest';
import { policy } from '../../../../test/fakes/policy-set.ts';
import { imageFacts, judgedAt, platformImage } from '../../../../test/fakes/image-facts.ts';
import { known } from '../../facts/fact.ts';
import { compilePolicySet } from '../../policy-set/compile.ts';
import type { Labels } from '../../policy/match/label-selector.ts';
import type { CheckSituation } from '../check.ts';

const somewhere: CheckSituation = { now: judgedAt, namespace: 'shop', namespaceLabels: known({}) };

/** What one policy with these rules about labels says of an image. */
const judge = (labels: object, given: Labels, situation: CheckSituation) => {
  const set = compilePolicySet([policy('p', { checks: [{ image: { labels } }] })], 'v');
  const rules = set.policies.flatMap(({ evidence }) => evidence.flatMap((check) => check.rules));
  return rules.flatMap((rule) =>
    rule.judge(imageFacts(platformImage('linux/amd64', { labels: given })), situation),
  );
};

describe('R24: a label of more than 4,096 characters is not compared, and never a pass', () => {
  const url = 'https://git.example.com/';
  const long = url.padEnd(4097, 'a');
  const fits = url.padEnd(4096, 'a');
  const bound = [{ image: 'tier', value: 'x*', namespace: { key: 'tier', in: ['gold'] } }];
  const inGold = { ...somewhere, namespaceLabels: known({ tier: 'gold' }) };
  test.each<[string, object, Labels, CheckSituation, readonly string[]]>([
    ['required: 4,096 that match pass', { required: { src: [`${url}*`] } }, { src: fits }, somewhere, []],
    [
      'required: one more fails, though it would match',
      { required: { src: [`${url}*`] } },
      { src: long },
      somewhere,
      ['image-label'],
    ],
    [
      'required: nor does * take what nobody reads',
      { required: { src: ['*'] } },
      { src: long },
      somewhere,
      ['image-label'],
    ],
    ['forbidden: 4,096 that do not match pass', { forbidden: { src: ['x*'] } }, { src: fits }, somewhere, []],
    [
      'forbidden: one more fails, though it would not match',
      { forbidden: { src: ['x*'] } },
      { src: long },
      somewhere,
      ['image-label'],
    ],
    [
      'bound to a namespace: it counts as marked',
      { namespaceLabels: bound },
      { tier: long },
      somewhere,
      ['image-label'],
    ],
    [
      'bound to a namespace: it passes where marked ones may run',
      { namespaceLabels: bound },
      { tier: long },
      inGold,
      [],
    ],
    [
      'a label that no rule names may be as long as it likes',
      { required: { team: ['*'] } },
      { team: 'shop', src: long },
      somewhere,
      [],
    ],
  ])('%s', (_title, labels, given, situation, want) => {
    expect(judge(labels, given, situation).map(({ code }) => code)).toEqual(want);
  });

  test('the finding says so, and shows none of it', () => {
    const [finding] = judge({ required: { src: ['*'] } }, { src: long }, somewhere);
    expect(finding?.detail).toBe('its label src has 4097 characters, more than the 4096 that are compared');
  });
});
