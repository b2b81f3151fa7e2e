import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pod } from '../fakes/gate.ts';
import { image } from '../fakes/registry/registry-content.ts';
import type { Fault } from '../fakes/registry/registry-fault.ts';
import { status } from '../fakes/registry/registry-faults.ts';
import { reset } from '../fakes/registry/registry-wire-faults.ts';
import type { FakeRegistry } from '../fakes/registry/registry.ts';
import { closeAll, codesOf, open, rowOf, startRegistry, type Stage } from './evidence-stage.ts';

/**
 * R25: a login that breaks the registry, because of a byte or a length that it cannot take, is written by the tenant.
 * The kubelet tries it and goes on to the next one.
 */
const bad = image({ user: '0' });
const odd = { username: 'odd', password: 'x' };
const users = { ann: { password: 'pw' } };
const fine = { username: 'ann', password: 'pw' };
const basic = ({ username, password }: typeof odd): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
const excused = { kind: { checks: [{ image: { user: 'NonRoot' } }], onUnavailable: 'Warn' } };

let registry: FakeRegistry;
let stage: Stage;
const decide = async (...secrets: readonly string[]) => {
  const object = pod({ app: `${registry.host}/team/app:bad` });
  const spec = { ...(object['spec'] as object), imagePullSecrets: secrets.map((name) => ({ name })) };
  return (await stage.send({ ...object, spec })).decision;
};
const onlyFor =
  (authorization: string, fault: Fault): Fault =>
  async (exchange) =>
    exchange.request.headers.authorization === authorization
      ? fault(exchange)
      : exchange.send(exchange.truth());

describe.each(['basic', 'bearer'] as const)('at a registry that wants a %s login', (mode) => {
  beforeEach(async () => {
    registry = await startRegistry({ auth: mode === 'basic' ? { mode, users } : { mode, users } });
    registry.push('team/app', bad, 'bad');
    stage = open({ policies: excused, rows: [rowOf(registry)] });
    stage.secrets.put('default/odd', { [registry.host]: odd });
    stage.secrets.put('default/fine', { [registry.host]: fine });
  });
  afterEach(closeAll);

  test.each([
    ['500', status(500)],
    ['503', status(503)],
    ['a closed connection', reset()],
  ])('a login that it answers with %s excuses nothing', async (_title, fault) => {
    registry.fault({}, onlyFor(basic(odd), fault));
    for (let round = 0; round < 8; round++) {
      expect((await decide('odd')).allowed).toBe(false);
      expect(codesOf(await decide('odd', 'fine'))).toContain('image-user-root');
    }
  });

  test('one that answers nobody is down, whatever login is shown', async () => {
    registry.fault({}, status(503));
    expect((await decide('odd', 'fine')).allowed).toBe(true);
    expect((await decide()).allowed).toBe(true);
  });
});
