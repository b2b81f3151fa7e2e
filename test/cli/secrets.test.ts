import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReviewOf } from './admission-review.ts';
import { imagegate } from './imagegate.ts';
import { foreign, pod, policyFolder } from './policies.ts';
import { startGate, type Answer, type RunningGate } from './running-gate.ts';

/** Each is planted in one place; none of them may turn up anywhere (B37). */
const planted = {
  url: 'planted-url-password',
  env: 'planted-env-value',
  argument: 'planted-argument',
  annotation: 'planted-annotation',
  header: 'planted-header-token',
  extra: 'planted-user-extra',
};

const object = {
  ...pod('web', foreign, { annotations: { note: planted.annotation } }),
  spec: {
    containers: [
      {
        name: 'app',
        image: foreign,
        env: [{ name: 'TOKEN', value: planted.env }],
        args: [`--password=${planted.argument}`],
      },
      { name: 'url', image: `https://jane:${planted.url}@registry.example.com/shop/web:1` },
    ],
  },
};

const leaks = (what: string, text: string): readonly string[] =>
  Object.entries(planted).flatMap(([place, secret]) => (text.includes(secret) ? [`${what}: ${place}`] : []));

describe('B37: planted secrets appear in no log, record, answer or output', () => {
  let gate: RunningGate;
  let answer: Answer;
  beforeAll(async () => {
    gate = await startGate(policyFolder(), ['--log-level', 'debug']);
    const review = createReviewOf(object, 'uid-1') as { request: { userInfo: object } };
    review.request.userInfo = { ...review.request.userInfo, extra: { token: [planted.extra] } };
    const headers = { authorization: `Bearer ${planted.header}`, cookie: `session=${planted.header}` };
    answer = await gate.post(review, headers);
    await gate.recorded(1);
  });
  afterAll(() => gate.stop('SIGKILL'));

  test('the object was judged and its finding is readable', () => {
    expect(answer.response.allowed).toBe(false);
    expect(answer.text).toContain('registry.example.com/shop/web:1');
    expect(gate.stderr()).toContain('"msg":"decision"');
  });

  test('the answer, the log, the metrics', async () => {
    const metrics = await (await fetch(`${gate.admin}/metrics`)).text();
    expect([
      ...leaks('answer', answer.text),
      ...leaks('log', gate.stderr() + gate.stdout()),
      ...leaks('metrics', metrics),
      ...leaks('readyz', (await gate.readyz()).text),
    ]).toEqual([]);
  });

  test('the files of the record, byte by byte', () => {
    const files = readdirSync(gate.data, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map(({ name }) => name)).toContain('imagegate.db');
    expect(
      files.flatMap(({ parentPath, name }) => leaks(name, readFileSync(join(parentPath, name), 'latin1'))),
    ).toEqual([]);
  });

  test.each(['table', 'json', 'yaml', 'sarif', 'junit'])(
    'check manifest and decisions, -o %s',
    async (format) => {
      const [check, decisions] = await Promise.all([
        imagegate(['check', 'manifest', '-f', '-', '--policies', policyFolder(), '-o', format], {
          input: JSON.stringify(object),
        }),
        imagegate(['decisions', '--data', gate.data, '-o', format]),
      ]);
      expect(check.code).toBe(1);
      expect(decisions.code).toBe(0);
      expect([
        ...leaks('check', check.stdout + check.stderr),
        ...leaks('decisions', decisions.stdout + decisions.stderr),
      ]).toEqual([]);
    },
  );
});

// Known defect of core/text/shown-text.ts: only text with a scheme is redacted. Turn it into `test` once it is.
test('B37: a password in an image without a scheme (user:password@host/…) is redacted as well', async () => {
  const input = JSON.stringify(pod('web', 'jane:planted-password@registry.example.com/shop/web:1'));
  const ended = await imagegate(
    ['check', 'manifest', '-f', '-', '--policies', policyFolder(), '-o', 'json'],
    { input },
  );
  expect(ended.stdout).not.toContain('planted-password');
});
