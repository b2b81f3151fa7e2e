import type { VersionScheme } from '../../../src/core/vulnerability/ecosystem.ts';

const afterCore = (core: string): string => core.replace(/\d+$/, (last) => `${BigInt(last) + 1n}-0`);
const coreOf = (version: string): string => version.split(/[-+]/, 1)[0] ?? '';

/** Before a release stand its pre-releases, of which `-0` is the first. */
const aroundSemver = (version: string): readonly string[] => {
  const core = coreOf(version);
  if (!/^\d+\.\d+\.\d+$/.test(core)) return [version];
  return core === version
    ? [`${version}-0`, version, afterCore(core)]
    : [`${core}-0`, version, ...(version.includes('+') ? [] : [`${version}.0`]), core];
};

const aroundPep440 = (version: string): readonly string[] =>
  /^[\d.!]+(?:(?:a|b|rc)\d+)?$/.test(version)
    ? [`${version}.dev0`, version, `${version}.post1`, `${version}+1`]
    : [version, ...(/^[\d.!]+\.post\d+$/.test(version) ? [`${version}.dev0`, `${version}+1`] : [])];

const aroundApk = (version: string): readonly string[] => {
  const [, before = '', revision] = /^(.*)-r(\d+)$/.exec(version) ?? [];
  if (revision === undefined) return [version];
  const number = Number(revision);
  return [number > 0 ? `${before}-r${number - 1}` : `${before}_rc1-r0`, version, `${before}-r${number + 1}`];
};

/** A tilde stands before the end, whatever follows. */
const aroundTilde = (version: string): readonly string[] => [`${version}~0`, version, `${version}.1`];

const around: Readonly<Record<VersionScheme, (version: string) => readonly string[]>> = {
  deb: aroundTilde,
  rpm: aroundTilde,
  apk: aroundApk,
  pep440: aroundPep440,
  semver: aroundSemver,
  npm: aroundSemver,
  go: aroundSemver,
};

/** On a version of an advisory, just before it and just after it. */
export const boundaryVersions = (scheme: VersionScheme, version: string): readonly string[] =>
  version === '0' ? [] : around[scheme](version);

/** The same for the toolchain of Go, of which only real versions are asked: what stands behind them is a vendor's (V14). */
export const boundaryToolchains = (version: string): readonly string[] => {
  const release = /^(\d+\.\d+\.)(\d+)$/.exec(version);
  const candidate = /^(\d+\.\d+\.\d+-(?:beta|rc)\.)(\d+)$/.exec(version);
  const [, before = '', last = ''] = release ?? candidate ?? [];
  if (before === '')
    return version.endsWith('-0') ? [`${version.slice(0, -2)}-rc.1`, version.slice(0, -2)] : [];
  const number = Number(last);
  return [number - 1, number, number + 1].filter((one) => one >= 0).map((one) => `${before}${one}`);
};
