import type { PlatformChoice } from './image-evidence.ts';
import type { Platform } from './image-facts.ts';

const platformForm = /^[a-z0-9]{1,32}\/[a-z0-9]{1,32}(?:\/[a-z0-9.]{1,32})?$/;

/** Whether a text has the form `os/arch[/variant]` of the OCI image specification: `linux/amd64`, `linux/arm/v7`. */
export const isPlatform = (text: string): boolean => platformForm.test(text);

/** What runtimes take for one and the same. Source: containerd/platforms, "Normalize". */
const architectures: Readonly<Record<string, { readonly name: string; readonly variant?: string }>> = {
  i386: { name: '386' },
  x86_64: { name: 'amd64' },
  'x86-64': { name: 'amd64' },
  aarch64: { name: 'arm64' },
  armhf: { name: 'arm', variant: 'v7' },
  armel: { name: 'arm', variant: 'v6' },
};
/** The variant that is meant where none is written. */
const impliedVariant: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

/**
 * One spelling for one platform, so that a child called `Linux/x86_64` is not left out where `linux/amd64` is judged:
 * the node would run it. The variant is empty where it is the implied one.
 */
const normal = ({ os, architecture, variant = '' }: Platform): Required<Platform> => {
  const written = architecture.toLowerCase();
  const alias = Object.hasOwn(architectures, written) ? architectures[written] : undefined;
  const name = alias?.name ?? written;
  const named = alias?.variant ?? variant.toLowerCase();
  const full = /^\d/.test(named) ? `v${named}` : named;
  return { os: os.toLowerCase(), architecture: name, variant: full === impliedVariant[name] ? '' : full };
};

/** The architecture as registries call it: `x86_64` is `amd64`. */
export const registryArchitecture = (written: string): string =>
  normal({ os: '', architecture: written }).architecture;

const isSame = (one: Platform, other: Platform, variantCounts: boolean): boolean => {
  const a = normal(one);
  const b = normal(other);
  const variants = !variantCounts || a.variant === b.variant;
  return a.os === b.os && a.architecture === b.architecture && variants;
};

/** Whether a platform is the one that is named (`linux/arm64/v8`); a name without a variant covers every variant. */
export const matchesPlatform = (wanted: string, platform: Platform): boolean => {
  const [os = '', architecture = '', variant] = wanted.split('/');
  const named = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  return isSame(named, platform, variant !== undefined);
};

/** Whether two descriptions can mean one platform; a variant that only one of them names does not separate them. */
export const agree = (one: Platform, other: Platform): boolean =>
  isSame(one, other, one.variant !== undefined && other.variant !== undefined);

/** BuildKit marks what is attached to an index, and is no image, as `unknown/unknown`; no runtime chooses it. */
export const isNoPlatform = ({ os, architecture }: Platform): boolean =>
  os.toLowerCase() === 'unknown' && architecture.toLowerCase() === 'unknown';

export const isChosen = (choice: PlatformChoice, platform: Platform): boolean =>
  choice === 'all' || choice.some((wanted) => matchesPlatform(wanted, platform));

/** Equal for equal choices. */
export const choiceKey = (choice: PlatformChoice): string =>
  choice === 'all' ? choice : choice.toSorted().join(',');
