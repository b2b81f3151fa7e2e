import { describe, expect, test } from 'vitest';
import { denialCauses, maxDenialLength, denialText } from './denial.ts';
import { decisionOf, denial, denyFinding } from '../../../../test/fakes/webhook-server.ts';

describe('the text of a denial', () => {
  test('names image, rule and reason in the first line, then the remedy, then the decision', () => {
    const decision = denial();
    expect(denialText(decision).split('\n')).toEqual([
      "image 'untrusted-registry/nginx' is not from an allowed registry (policy trusted-registries, check registries: registry-not-allowed, at spec.containers[0].image)",
      'fix: use an image from registry.example.com',
      `decision ${decision.id}; to see all of it: imagegate explain ${decision.id}`,
    ]);
  });

  test('shows every finding that denies, and none that does not', () => {
    const findings = [
      denyFinding({ message: 'first' }),
      denyFinding({ message: 'warned', mode: 'Warn' }),
      denyFinding({ message: 'second', code: 'digest-missing', check: 'digest', remedy: 'pin it' }),
      denyFinding({ message: 'audited', mode: 'Audit' }),
    ];
    const lines = denialText(decisionOf({ allowed: false, findings })).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'first (policy trusted-registries, check registries: registry-not-allowed, at spec.containers[0].image)',
      'second (policy trusted-registries, check digest: digest-missing, at spec.containers[0].image)',
      'fix: use an image from registry.example.com',
      'fix: pin it',
    ]);
  });

  test('says why something could not be looked at, once for each reason, and stays within its length', () => {
    const why =
      'registry.example.com: manifest: connection refused, with pull secret shop/login, after 1,204 ms';
    const unavailable = (detail: string) =>
      denyFinding({ code: 'image-unavailable', check: 'image', detail });
    const findings = [unavailable(why), unavailable(why), denyFinding({ detail: 'known to everybody' })];
    const lines = denialText(decisionOf({ allowed: false, findings })).split('\n');
    expect(lines.filter((line) => line.startsWith('why: '))).toEqual([`why: ${why}`]);
    const many = Array.from({ length: 9 }, (_, at) => unavailable(`${String(at)} ${'z'.repeat(600)}`));
    const text = denialText(decisionOf({ allowed: false, findings: many }));
    expect(text.length).toBeLessThanOrEqual(maxDenialLength);
    expect(text.match(/\nwhy: /g)).toHaveLength(2);
  });

  test('names the field once: not again where the message begins with it', () => {
    const decision = denial({
      policy: '',
      check: 'gate',
      code: 'malformed-request',
      path: 'spec.containers',
      message: 'spec.containers: must be a list',
    });
    expect(denialText(decision)).toMatch(/^spec\.containers: must be a list \(gate: malformed-request\)\n/);
  });

  test('names the gate, not a policy, for a finding of the gate', () => {
    const decision = denial({ policy: '', check: 'gate', code: 'deadline-exceeded', message: 'too late' });
    expect(denialText(decision)).toMatch(
      /^too late \(gate: deadline-exceeded, at spec\.containers\[0\]\.image\)\n/,
    );
  });

  test('stays readable with 64 findings: about 2 KiB, and says how many are not shown', () => {
    const findings = Array.from({ length: 64 }, (_, at) =>
      denyFinding({ message: `image ${String(at)} ${'x'.repeat(200)}` }),
    );
    const text = denialText(decisionOf({ allowed: false, findings }));
    expect(text.length).toBeLessThanOrEqual(maxDenialLength);
    const shown = text.split('\n').filter((line) => line.startsWith('image ')).length;
    expect(shown).toBeGreaterThan(3);
    expect(text).toContain(`\n…and ${String(64 - shown)} more\n`);
  });

  test('always shows the first finding, however long', () => {
    const text = denialText(denial({ message: 'y'.repeat(5_000) }));
    expect(text).toMatch(/^y{256}…y{255} /);
    expect(text.length).toBeLessThanOrEqual(maxDenialLength);
  });

  test('cannot break lines or move the cursor (B35)', () => {
    const text = denialText(denial({ message: 'image a\nfix: run this\u001b[2J\u202e', remedy: 'x\r\ny' }));
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toMatch(/[\u001b\u202e\r]/u);
  });

  test('has a sentence even when no finding denies', () => {
    expect(denialText(decisionOf({ allowed: false }))).toMatch(/^the gate denied this request\ndecision /);
  });
});

test('causes carry reason, text and path, at most 32 of them', () => {
  const findings = Array.from({ length: 40 }, () => denyFinding());
  const causes = denialCauses(decisionOf({ allowed: false, findings }));
  expect(causes).toHaveLength(32);
  expect(causes[0]).toEqual({
    reason: 'registry-not-allowed',
    message: "image 'untrusted-registry/nginx' is not from an allowed registry",
    field: 'spec.containers[0].image',
  });
});
