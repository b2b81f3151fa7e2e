import { expect, test } from 'vitest';
import { shown, maxShownLength } from '../../src/core/text/shown-text.ts';
import { fakeGate, pod, requestFor } from '../fakes/gate.ts';

const gate = fakeGate({
  policies: { fence: { checks: [{ registries: { allow: ['registry.example.com/**'] } }] } },
});
const long = (at: number): string => `${'a'.repeat(4_000)}${at}.io/x`;

test('every text of the object is cut at 512 characters in the record', async () => {
  const { images, findings } = await gate.admit(requestFor(pod({ app: long(0) })));
  expect(images[0]?.reference?.length).toBeLessThanOrEqual(maxShownLength);
  expect(findings[0]?.detail?.length).toBeLessThanOrEqual(maxShownLength + 100);
});

test('the record names the short image that was denied beside long ones', async () => {
  const containers = Object.fromEntries([
    ...Array.from({ length: 8 }, (_, at) => [`c${at}`, long(at)] as const),
    ['last', 'evil.io/miner'],
  ]);
  const decision = await gate.admit(requestFor(pod(containers)));
  expect(JSON.stringify(decision)).toContain('evil.io/miner');
});

test.each([
  ['without a scheme', 'jane:hunter2@registry.example.com/x'],
  ['with a slash in it', 'https://jane:hun/ter2@registry.example.com/x'],
  ['that is longer than what is shown', `https://jane:${'hunter2'.repeat(2_000)}@registry.example.com/x`],
])('a password %s does not reach the record (B37)', async (_title, image) => {
  expect(JSON.stringify(await gate.admit(requestFor(pod({ app: image }))))).not.toMatch(/hunter2|ter2@/);
});

test.each([
  ['tag characters', 'a\u{e0041}b'],
  ['fillers that look like nothing', 'a\u3164\u115f\uffa0b'],
  ['variation selectors', 'a\ufe0f\u{e0100}b'],
])('%s are not shown as they are', (_title, text) => expect(shown(text)).not.toBe(text));

test('a cut does not leave half of a character', () => {
  expect(shown(`${'a'.repeat(510)}\u{1f600}${'b'.repeat(10)}`).isWellFormed()).toBe(true);
});
