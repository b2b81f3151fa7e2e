import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { allReferrers, anonymous, budgetOf } from '../../../../test/fakes/registry/registry-reading.ts';
import type { Credential, RegistryAnswer, Repository } from '../../../evidence/ports.ts';
import { listsReferrers, readsBlobs, readsManifests, streamsBlobs } from './registry-content.contract.ts';
import {
  amd64,
  configOf,
  type RegistryFixture,
  kindOf,
  known,
  limit,
  type RegistryUnderTest,
} from './registry-fixture.contract.ts';

const staysWithin = ({ of, fresh }: RegistryFixture): void => {
  test('B9: reads nothing that the review has no bytes left for', async () => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    // The first read fetches the token, whose bytes count as well.
    await of().registry.manifest(at, { tag: 'v1' }, of().credential, budgetOf());
    const enough = budgetOf(amd64.bytes.length);
    const manifest = await of().registry.manifest(at, { tag: 'v1' }, of().credential, enough);
    expect(kindOf(manifest)).toBe('known');
    expect(enough.taken()).toBe(amd64.bytes.length);
    const short = budgetOf(amd64.bytes.length - 1);
    expect(kindOf(await of().registry.manifest(at, { tag: 'v1' }, of().credential, short))).toBe('limit');
  });

  test('asks nothing after the deadline', async () => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    const late = budgetOf(undefined, AbortSignal.abort());
    expect(kindOf(await of().registry.manifest(at, { tag: 'v1' }, of().credential, late))).toBe('timeout');
    expect(
      kindOf(await allReferrers(of().registry, { ...at, digest: amd64.digest }, of().credential, late)),
    ).toBe('timeout');
  });
};

const more = (): Promise<boolean> => Promise.resolve(true);

const knowsWhoAsks = ({ of, fresh, refused }: RegistryFixture): void => {
  const asks: [string, (at: Repository, who: Credential) => Promise<RegistryAnswer<unknown>>][] = [
    ['head', (at, who) => of().registry.head(at, { tag: 'v1' }, who, budgetOf())],
    ['manifest', (at, who) => of().registry.manifest(at, { tag: 'v1' }, who, budgetOf())],
    ['blob', (at, who) => of().registry.blob(at, configOf(amd64), limit, who, budgetOf())],
    ['stream', (at, who) => of().registry.streamBlob(at, configOf(amd64), more, who, budgetOf())],
    ['head of a blob', (at, who) => of().registry.hasBlob(at, configOf(amd64).digest, who, budgetOf())],
    ['referrers', (at, who) => allReferrers(of().registry, { ...at, digest: amd64.digest }, who, budgetOf())],
  ];

  test.each(asks)(
    'B29: %s is denied to a wrong password and to nobody, before and after the right one',
    async (_title, read) => {
      const at = fresh();
      await of().push(at.repository, amd64, 'v1');
      const order = [refused(), anonymous, of().credential, refused(), anonymous, of().credential];
      const kinds = [];
      for (const who of order) kinds.push(kindOf(await read(at, who)));
      expect(kinds).toEqual(['denied', 'denied', 'known', 'denied', 'denied', 'known']);
    },
  );

  test('B29: a refusal names the host, and neither the secret nor whose it is', async () => {
    const at = fresh();
    await of().push(at.repository, amd64, 'v1');
    const who = refused();
    const answer = await of().registry.manifest(at, { tag: 'v1' }, who, budgetOf());
    if (answer.state !== 'unavailable') throw new Error(`not refused: ${answer.state}`);
    expect(answer.why.why).toContain(answer.why.host);
    expect(answer.why.why).not.toContain(who.source);
    for (const part of Object.values(who.secret).slice(1)) expect(answer.why.why).not.toContain(part);
  });

  test('ping tells a right password from a wrong one', async () => {
    expect(kindOf(await of().registry.ping(of().host, refused(), budgetOf()))).toBe('denied');
    expect(kindOf(await of().registry.ping(of().host, of().credential, budgetOf()))).toBe('known');
  });
};

/** What `gather` relies on. One registry for the suite, a repository for each test. */
export const registryContract = (
  name: string,
  start: () => Promise<RegistryUnderTest>,
  { guarded }: { readonly guarded: boolean },
): void => {
  describe(`the contract of a registry: ${name}`, () => {
    let running: RegistryUnderTest | undefined;
    let tests = 0;
    const desk: RegistryFixture = {
      of: () => {
        if (running === undefined) throw new Error('the registry has not started');
        return running;
      },
      refused: () => {
        const { refused } = desk.of();
        if (refused === undefined) throw new Error('this registry refuses nobody');
        return refused;
      },
      fresh: () => ({ host: desk.of().host, repository: `team/app-${++tests}` }),
    };
    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running?.close());

    test('ping finds it, and its token server', async () => {
      const { registry, host, credential, realm } = desk.of();
      const found = known(await registry.ping(host, credential, budgetOf()));
      expect(found.realm === undefined ? undefined : hostIn(found.realm)).toBe(realm);
    });
    readsManifests(desk);
    readsBlobs(desk);
    streamsBlobs(desk);
    listsReferrers(desk);
    staysWithin(desk);
    if (guarded) knowsWhoAsks(desk);
  });
};

const hostIn = (realm: string): string => (realm.includes('://') ? new URL(realm).host : realm);
