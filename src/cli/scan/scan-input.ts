import type { ScanBounds } from '../../config/values/scan-bounds.ts';
import { known, type Fact } from '../../core/facts/fact.ts';
import type { MissingCatalog } from '../../core/facts/vulnerability/vulnerability-facts.ts';
import { vulnerabilityNeed } from '../../core/facts/vulnerability/vulnerability-kind.ts';
import type { PlatformChoice } from '../../core/facts/image-facts.ts';
import type { Digest } from '../../core/image/digest.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { PackageList } from '../../core/vulnerability/package-list.ts';
import type { ScannedPackages, ScanReport } from '../../core/vulnerability/report/scan-report.ts';
import { maxSbomBytes, readSbom } from '../../core/vulnerability/sbom/read-sbom.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import type { AdvisorySet } from '../../evidence/ports.ts';
import type { AttachedList } from '../../evidence/vulnerability/attached-lists.ts';
import { digestOf } from '../../evidence/content-digest.ts';
import { judgeList, tooManyMatches } from '../../evidence/vulnerability/judge-list.ts';
import { whyNot } from '../../files/file-problem.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import type { RegistryAccess } from '../../serve/registry-access.ts';
import { readOneImage } from '../check/image-input.ts';
import { askedPlatform, type LocalSubject } from './local/local-evidence.ts';
import { UsageError } from '../terminal/terminal.ts';

/** One target for one platform, as far as it could be looked at. */
export interface Scanned {
  readonly about: Pick<ScanReport, 'target' | 'digest' | 'platform'>;
  readonly found: ScannedPackages;
  /** Where it lies on this machine and could be opened: what policies may see of it. */
  readonly local?: LocalSubject;
}

/** Whose list it is changes nothing here: nobody is accepted or refused. */
const source = { kind: 'unsigned', digest: '' as Digest } as const;

/** What lists say together, by the advisories at hand. */
export const scannedOf = async (
  lists: readonly PackageList[],
  advisories: AdvisorySet | undefined,
  now: number,
  problems: readonly string[],
): Promise<ScannedPackages> => {
  const within = await Promise.all(lists.map((list) => judgeList(source, list, { advisories, now })));
  const judged = within.flatMap(({ one }) => one ?? []);
  const beyond = judged.length < within.length ? [`a package list is not judged: ${tooManyMatches}`] : [];
  const feeds = judged.flatMap((one) => one.feeds);
  return {
    packages: lists.flatMap(({ packages }) => packages),
    matches: judged.flatMap(({ matches }) => matches),
    gaps: judged.flatMap(({ gaps }) => gaps),
    feeds: [...new Map(feeds.map((feed) => [`${feed.feed} ${feed.ecosystem}`, feed])).values()],
    problems: [...problems, ...beyond],
  };
};

const readBytes = async (path: string): Promise<Uint8Array> => {
  const file = await readRegularFile(path, maxSbomBytes).catch((error: unknown) => {
    throw new UsageError([shown(`cannot read ${path}: ${whyNot(error)}`)]);
  });
  if (file.bytes.ok) return file.bytes.value;
  throw new UsageError([
    shown(`cannot read ${path}: it is ${file.bytes.error === 'too-large' ? 'too large' : 'no file'}`),
  ]);
};

/** `sbom:FILE`: a list of packages in a file. */
export const scanSbom = async (
  path: string,
  { platforms, set, now }: Pick<ImageScan, 'platforms' | 'set' | 'now'>,
): Promise<Scanned> => {
  const bytes = await readBytes(path);
  const list = readSbom(bytes);
  if (!list.ok) throw new UsageError([shown(`${path}: ${list.error.why}`)]);
  const digest = digestOf(bytes, 'sha256');
  return {
    about: { target: shown(`sbom:${path}`) },
    found: await scannedOf([list.value], set, now, []),
    local: {
      digest,
      ...askedPlatform(platforms),
      lists: [{ source: { kind: 'unsigned', digest }, list: list.value }],
      unlooked: 'a package list in a file holds none',
    },
  };
};

/** Time for everything of an image but its layers, in milliseconds. */
const imageTime = 60_000;
/** Images of one index that are waited for, each for its turn and its time. */
const maxPlatforms = 32;

/** Package lists by the image that they are about, as they were found while an image was looked at. */
export type SeenLists = Map<Digest, readonly AttachedList[]>;

interface ImageScan {
  readonly access: RegistryAccess;
  readonly seen: SeenLists;
  readonly platforms: PlatformChoice;
  readonly set: AdvisorySet | undefined;
  readonly now: number;
  readonly bounds: ScanBounds;
}

/** Why nothing of a target was looked at. */
export const nothingKnown = (target: string, why: string): readonly Scanned[] => [
  { about: { target }, found: { packages: [], matches: [], gaps: [], feeds: [], problems: [why] } },
];

/** Why there is no list of what is in the layers of one image. */
const whyMissing = (missing: MissingCatalog | undefined): readonly string[] => {
  if (missing === undefined) return [];
  if (missing.kind === 'under-way') return ['its layers were not looked into in time'];
  return [`its layers cannot be looked into: ${missing.why.what}: ${missing.why.why}`];
};

/** An image in its registry, by its layers and the lists that stand beside it. One result for each platform. */
export const scanImage = async (
  text: string,
  { access, seen, platforms, set, now, bounds }: ImageScan,
): Promise<readonly Scanned[]> => {
  const image = readOneImage(text);
  const target = shown(text);
  const lists = { catalog: true, unsigned: true };
  const time = imageTime + bounds.time * Math.ceil(maxPlatforms / bounds.atOnce);
  const needs = { vulnerability: vulnerabilityNeed({ platforms, lists }) };
  const [answer] = await access.evidence.gather([{ image, needs }], undefined, AbortSignal.timeout(time));
  const fact: Fact<unknown> = answer?.facts.vulnerability ?? known(undefined);
  if (fact.state === 'unavailable') return nothingKnown(target, `${fact.why.what}: ${fact.why.why}`);
  const vulnerability = answer?.facts.vulnerability;
  if (vulnerability?.state !== 'known') return nothingKnown(target, 'the image is not in its registry');
  const { image: facts, packages } = vulnerability.value;
  if (facts.platforms.length === 0) return nothingKnown(target, 'it has no image for this platform');
  return mapLimit(facts.platforms, 1, async ({ digest, platform }) => {
    const found = (seen.get(digest) ?? []).map(({ list }) => list);
    const { unreadable = [], missing } = packages.get(digest) ?? {};
    const problems = unreadable.map(({ why }) => `a package list cannot be read: ${why}`);
    return {
      about: { target, digest, platform: shown(formatPlatform(platform)) },
      found: await scannedOf(found, set, now, [...problems, ...whyMissing(missing).map(shown)]),
    };
  });
};
