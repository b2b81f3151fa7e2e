import type { PlatformChoice } from '../../core/facts/image-evidence.ts';
import type { Platform } from '../../core/facts/image-facts.ts';

/** What runtimes call alike. Source: containerd/platforms, `Normalize`. */
const architectures: Readonly<Record<string, { readonly name: string; readonly variant?: string }>> = {
  i386: { name: '386' },
  x86_64: { name: 'amd64' },
  'x86-64': { name: 'amd64' },
  aarch64: { name: 'arm64' },
  armhf: { name: 'arm', variant: 'v7' },
  armel: { name: 'arm', variant: 'v6' },
};
/** The variant that is meant when none is written. */
const plainVariant: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

const normalVariant = (architecture: string, written: string): string => {
  const variant = /^\d/.test(written) ? `v${written}` : written;
  return variant === plainVariant[architecture] ? '' : variant;
};

/**
 * One spelling for one platform, so that a child called `Linux/x86_64` is not left out where `linux/amd64` is judged:
 * the node would run it.
 */
export const normalPlatform = ({ os, architecture, variant = '' }: Platform): Required<Platform> => {
  const lower = architecture.toLowerCase();
  const alias = Object.hasOwn(architectures, lower) ? architectures[lower] : undefined;
  const name = alias?.name ?? lower;
  return {
    os: os.toLowerCase(),
    architecture: name,
    variant: normalVariant(name, alias?.variant ?? variant.toLowerCase()),
  };
};

/** BuildKit marks what is attached to an index, and is no image, as `unknown/unknown`; no runtime chooses it. */
export const isNoPlatform = ({ os, architecture }: Platform): boolean =>
  os.toLowerCase() === 'unknown' && architecture.toLowerCase() === 'unknown';

/** Whether two descriptions can mean one platform; a variant that only one of them names does not separate them. */
export const agree = (one: Platform, other: Platform): boolean => {
  const a = normalPlatform(one);
  const b = normalPlatform(other);
  const variants = one.variant === undefined || other.variant === undefined || a.variant === b.variant;
  return a.os === b.os && a.architecture === b.architecture && variants;
};

/** `linux/arm64/v8`; without a variant it means every one. */
const parseChoice = (text: string): Platform => {
  const [os = '', architecture = '', variant] = text.split('/');
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
};

const isMeant = (wanted: Platform, platform: Platform): boolean => {
  const a = normalPlatform(wanted);
  const b = normalPlatform(platform);
  const variants = wanted.variant === undefined || a.variant === b.variant;
  return a.os === b.os && a.architecture === b.architecture && variants;
};

export const isChosen = (choice: PlatformChoice, platform: Platform): boolean =>
  choice === 'all' || choice.some((text) => isMeant(parseChoice(text), platform));

/** Equal for equal choices. */
export const choiceKey = (choice: PlatformChoice): string =>
  choice === 'all' ? choice : choice.toSorted().join(',');
