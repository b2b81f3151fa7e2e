import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imageFacts, judgedAt, platformImage } from '../../../test/fakes/image-facts.ts';
import { policy } from '../../../test/fakes/policy-set.ts';
import type { CheckSituation, EvidenceCheck, EvidenceCheckOf, EvidenceRule } from '../checks/check.ts';
import { known } from '../facts/fact.ts';
import type { ImageFacts } from '../facts/image-facts.ts';
import { imageNeed } from '../facts/image-kind.ts';
import { compilePolicySet } from './compile.ts';
import { createJudgementCache } from './judgement-cache.ts';

const now: CheckSituation = { now: judgedAt, namespace: 'shop', namespaceLabels: known({}) };
const ask = (check: EvidenceCheck, facts: ImageFacts, situation = now) =>
  check.rules.flatMap((rule) => rule.judge(facts, situation));

/** A check of one rule that counts how often it is asked. */
const counting = (text: string, readsSituation = false) => {
  const asked: ImageFacts[] = [];
  const rule: EvidenceRule<ImageFacts> = {
    text,
    readsSituation,
    judge: (facts, { now: at, namespace }) => {
      asked.push(facts);
      return [{ code: 'image-label', says: `${text} of ${facts.digest} at ${at} in ${namespace}` }];
    },
  };
  const check: EvidenceCheckOf<'image'> = {
    id: 'image',
    need: imageNeed('all'),
    readsNamespaceLabels: false,
    rules: [rule],
  };
  return { asked, check };
};

describe('R24: a digest is judged once, and its judgement is cached by all that it rests on', () => {
  const facts = imageFacts(platformImage('linux/amd64'));

  test('64 names of one image and 50 policies with one rule are one judgement', () => {
    const memory = createJudgementCache();
    const { asked, check } = counting('user');
    const policies = Array.from({ length: 50 }, () => memory.caching(check));
    for (let name = 0; name < 64; name++) for (const one of policies) ask(one, facts);
    expect(asked).toHaveLength(1);
  });

  test('the next review asks nothing again', () => {
    const { asked, check } = counting('user');
    const caching = createJudgementCache().caching(check);
    ask(caching, facts);
    ask(caching, facts, { ...now });
    expect(asked).toHaveLength(1);
  });

  test('another rule judges for itself', () => {
    const memory = createJudgementCache();
    const [one, other] = [counting('a'), counting('b')];
    expect(ask(memory.caching(one.check), facts)).not.toEqual(ask(memory.caching(other.check), facts));
    expect([one.asked.length, other.asked.length]).toEqual([1, 1]);
  });

  test('facts that call themselves alike are not taken for one another', () => {
    const other = imageFacts(platformImage('linux/arm64'));
    const renamed = { ...other, digest: facts.digest };
    const { asked, check } = counting('user');
    const memory = createJudgementCache().caching(check);
    ask(memory, facts);
    ask(memory, renamed);
    expect(asked).toEqual([facts, renamed]);
  });

  test('what reads time or namespace is judged anew in each review, and once in it', () => {
    const { asked, check } = counting('age', true);
    const caching = createJudgementCache().caching(check);
    const later = { ...now, now: judgedAt + 1 };
    const elsewhere = { ...now, namespace: 'bank' };
    for (const situation of [now, later, elsewhere]) {
      const [found] = ask(caching, facts, situation);
      expect(found?.says).toContain(`at ${situation.now} in ${situation.namespace}`);
      expect(ask(caching, facts, situation)).toEqual([found]);
    }
    expect(asked).toHaveLength(3);
  });

  test('a pass that says until when it stands is asked again then, and when the clock went back', () => {
    const { asked, check } = counting('feeds', true);
    const rules = check.rules.map((rule): EvidenceRule<ImageFacts> => ({
      ...rule,
      judge: (...given) => {
        rule.judge(...given);
        return [];
      },
      passesUntil: (_facts, { now: at }) => at + 10,
    }));
    const caching = createJudgementCache().caching({ ...check, rules });
    for (const at of [0, 5, 9]) ask(caching, facts, { ...now, now: judgedAt + at });
    expect(asked).toHaveLength(1);
    ask(caching, facts, { ...now, now: judgedAt + 10 });
    expect(asked).toHaveLength(2);
    ask(caching, facts, { ...now, now: judgedAt + 9 });
    expect(asked).toHaveLength(3);
    ask(caching, { ...facts }, { ...now, now: judgedAt + 9 });
    expect(asked).toHaveLength(4);
  });

  test('a violation is one of its moment, whatever a rule says of its passes', () => {
    const { asked, check } = counting('feeds', true);
    const rules = check.rules.map((rule) => ({ ...rule, passesUntil: () => Infinity }));
    const caching = createJudgementCache().caching({ ...check, rules });
    for (const at of [0, 1]) ask(caching, facts, { ...now, now: judgedAt + at });
    expect(asked).toHaveLength(2);
  });

  test('it is bounded: what was asked for long ago is judged again, alike', () => {
    const { asked, check } = counting('user');
    const caching = createJudgementCache().caching(check);
    const first = ask(caching, facts);
    for (let count = 0; count < 25_000; count++) ask(caching, { ...facts });
    expect(ask(caching, facts)).toEqual(first);
    expect(asked.length).toBe(25_002);
  });
});

test('whatever policies and images come in whatever order, a set that remembers says what one that has just begun says', () => {
  const check = fc.constantFrom(
    { image: { user: 'NonRoot' } },
    { image: { user: 'NonRootNumeric', maxAge: '30d' } },
    { image: { maxAge: '90d', minAge: '1d' } },
    { image: { maxSize: '10Mi', platforms: ['linux/amd64'] } },
    { image: { labels: { required: { team: ['a*'] }, forbidden: { beta: ['*'] } } } },
    {
      image: {
        labels: { namespaceLabels: [{ image: 'tier', value: 'x', namespace: { key: 'tier', in: ['x'] } }] },
      },
    },
  );
  const multiArch = fc.constantFrom({}, { mode: 'platforms', platforms: ['linux/amd64'] });
  const facts = fc
    .array(
      fc.record({
        platform: fc.constantFrom('linux/amd64', 'linux/arm64'),
        more: fc.record({
          user: fc.constantFrom('', '0', '1000', 'app'),
          created: fc.constantFrom(0, judgedAt - 1000, judgedAt - 60 * 86_400_000),
          labels: fc.constantFrom<Record<string, string>>(
            {},
            { team: 'ab', tier: 'x' },
            { beta: 'y'.repeat(5000) },
          ),
        }),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((images) => imageFacts(...images.map(({ platform, more }) => platformImage(platform, more))));
  const situation = fc.record({
    now: fc.constantFrom(judgedAt, judgedAt + 86_400_000),
    namespace: fc.constantFrom('a', 'b'),
    namespaceLabels: fc.constantFrom(known({}), known({ tier: 'x' })),
  });
  fc.assert(
    fc.property(
      fc.array(fc.record({ check, multiArch }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(facts, situation), { minLength: 1, maxLength: 6 }),
      (specs, questions) => {
        const set = () =>
          compilePolicySet(
            specs.map((spec, at) => policy(`p${at}`, { checks: [spec.check], multiArch: spec.multiArch })),
            'v',
          );
        const caching = set();
        const answers = (of: typeof caching, [image, where]: (typeof questions)[number]) =>
          of.policies.flatMap(({ evidence }) => evidence.map((one) => ask(one, image, where)));
        for (const question of [...questions, ...questions]) {
          expect(answers(caching, question)).toEqual(answers(set(), question));
        }
      },
    ),
    { numRuns: 60 },
  );
});
