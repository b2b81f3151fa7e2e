import { expect, vi } from 'vitest';
import { absent, known, type Fact } from '../../../src/core/facts/fact.ts';
import type { PackageList } from '../../../src/core/vulnerability/package-list.ts';
import type { Cataloger, CredentialOffer, PackageLists } from '../../../src/evidence/ports.ts';
import { verifyCandidate } from '../../../src/evidence/verify/verify-candidate.ts';
import { createKnownLists } from '../../../src/evidence/vulnerability/known-lists.ts';
import {
  createScanJobs,
  type ScanEnd,
  type ScanSettings,
} from '../../../src/evidence/vulnerability/scan-jobs.ts';
import { createVulnerabilityProvider } from '../../../src/evidence/vulnerability/vulnerability-provider.ts';
import { policySet } from '../policy-set.ts';
import { image, type FakeManifest } from '../registry/registry-content.ts';
import { judge } from '../verdict.ts';
import { createEvidenceHarness, type EvidenceHarness } from './evidence-harness.ts';
import { createFakeCataloger } from './fake-cataloger.ts';
import { plantedHole } from './planted-hole.ts';
import { soon } from '../../soon.ts';

export const host = 'registry.example.com';
export const web = `${host}/shop/web`;
export const specs = (vulnerabilities: object = {}, spec: object = {}) => ({
  p: {
    checks: [
      { vulnerabilities: { max: { critical: 0 }, unscanned: 'Deny', gaps: 'Deny', ...vulnerabilities } },
    ],
    ...spec,
  },
});

export const createStore = (): PackageLists & { answer?: Fact<never> } => {
  const lists = new Map<string, PackageList>();
  const keyOf = (...parts: readonly string[]): string => parts.join(' ');
  return {
    find(one, cataloger, from) {
      const list = lists.get(from === undefined ? keyOf(one, cataloger) : keyOf(one, cataloger, from));
      return Promise.resolve(this.answer ?? (list === undefined ? absent : known(list)));
    },
    keep: (one, cataloger, list, from) => {
      for (const key of [keyOf(one, cataloger), keyOf(one, cataloger, from)]) lists.set(key, list);
    },
  };
};

export interface CatalogStageParts {
  readonly credentials?: Readonly<Record<string, readonly CredentialOffer[]>>;
  readonly settings?: Partial<ScanSettings>;
  readonly store?: PackageLists;
  readonly maxWaiting?: number;
  readonly lookEvery?: number;
  /** Absent: the operator has named the host of the test. */
  readonly hasRow?: (host: string) => boolean;
  readonly cataloger?: (of: Cataloger) => Cataloger;
}

/** Evidence whose provider looks into images with a cataloger of names, and the verdict of a policy on them. */
export const openCatalogStage = ({
  credentials,
  settings,
  store,
  maxWaiting,
  lookEvery,
  hasRow = (of) => of === host,
  cataloger = (of) => of,
}: CatalogStageParts = {}) => {
  const fake = createFakeCataloger({ blob: (...asked) => harness.registry.blob(...asked) });
  const ends: ScanEnd[] = [];
  const scans = createScanJobs({
    cataloger: cataloger(fake),
    lists: createKnownLists({ store, hasRow }),
    settings: { atOnce: 2, timeMs: 300_000, bytes: 2 ** 32, unpacked: 2 ** 34, ...settings },
    clock: { now: () => harness.clock.now(), monotonic: () => harness.clock.monotonic() },
    onEnd: (end) => ends.push(end),
    ...(maxWaiting !== undefined && { maxWaiting }),
    ...(lookEvery !== undefined && { lookEvery }),
  });
  const provider = createVulnerabilityProvider({
    verifier: { verify: (one) => Promise.resolve(verifyCandidate(one)) },
    trustRoots: { get: () => absent },
    advisories: plantedHole,
    scans,
  });
  const harness: EvidenceHarness = createEvidenceHarness(credentials, {}, () => false, [provider]);
  const evidenceOf = async (text: string, policies: ReturnType<typeof specs>, more: object = {}) => {
    const [needs = {}] = policySet(policies)
      .forNamespace('shop')
      .policies.map((one) => one.needs);
    return harness.ask(text, { needs, ...more });
  };
  const review = async (
    text: string,
    {
      policies = specs(),
      ...more
    }: { policies?: ReturnType<typeof specs>; namespace?: string; signal?: AbortSignal } = {},
  ) => {
    const evidence = await evidenceOf(text, policies, more);
    return judge(policies, text, { evidence, situation: { now: Date.now() } });
  };
  return { ...harness, fake, scans, ends, evidenceOf, review };
};
export type CatalogStage = ReturnType<typeof openCatalogStage>;

export const push = ({ registry }: CatalogStage, at: string, ...layers: readonly string[]): FakeManifest => {
  const made = image({ layers });
  registry.push(at, made);
  return made;
};
export const codesIn = ({ findings }: ReturnType<typeof judge>) => findings.map(({ code }) => code);
/** A review whose time is over at once after the look has begun. */
export const hurried = async (stage: CatalogStage, text: string, namespace?: string, policies = specs()) => {
  const deadline = new AbortController();
  const before = stage.fake.looked.length + stage.scans.waiting;
  const answer = stage.review(text, { signal: deadline.signal, policies, ...(namespace && { namespace }) });
  await vi.waitFor(
    () => expect(stage.fake.looked.length + stage.scans.waiting).toBeGreaterThan(before),
    soon,
  );
  deadline.abort();
  return answer;
};
