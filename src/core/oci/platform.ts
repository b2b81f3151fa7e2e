/** Where an image runs: the words of the OCI image specification, "Platform". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** The platform of an entry that is no image, in BuildKit's words. */
export const noPlatform: Platform = { os: 'unknown', architecture: 'unknown' };

/** `linux/arm64/v8` */
export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  variant === undefined || variant === '' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;

const platformForm = /^[a-z0-9]{1,32}\/[a-z0-9]{1,32}(?:\/[a-z0-9.]{1,32})?$/;

/** Whether a text has the form `os/arch[/variant]` of the OCI image specification: `linux/amd64`, `linux/arm/v7`. */
export const isPlatform = (text: string): boolean => platformForm.test(text);

/** What a text `os/arch[/variant]` names. */
export const platformNamed = (text: string): Platform => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};

/** What runtimes take for one and the same. Source: containerd/platforms database.go, `normalizeArch`. */
const architectures: Readonly<Record<string, { readonly name: string; readonly variant?: string }>> = {
  i386: { name: '386' },
  x86_64: { name: 'amd64' },
  'x86-64': { name: 'amd64' },
  aarch64: { name: 'arm64' },
  armhf: { name: 'arm', variant: 'v7' },
  armel: { name: 'arm', variant: 'v6' },
};
/** Source: containerd/platforms database.go, `normalizeOS`. */
const systems: ReadonlyMap<string, string> = new Map([['macos', 'darwin']]);
/** The variant that is meant where none is written. */
const impliedVariant: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

/** Variants that may be written without their `v`. */
const shortVariants: ReadonlyMap<string, RegExp> = new Map([
  ['arm64', /^8$/],
  ['arm', /^[5-8]$/],
]);

/** As Go does it: a capital dotted I becomes a plain i, so that `l\u0130nux` runs as linux. */
const lower = (text: string): string => text.replaceAll('\u0130', 'i').toLowerCase();

/** The operating system as runtimes read it: `Windows` is `windows`. */
export const operatingSystem = (written: string): string => {
  const name = lower(written);
  return systems.get(name) ?? name;
};

/**
 * One spelling for one platform, so that a child called `Linux/x86_64` is not left out where `linux/amd64` is judged:
 * the node would run it. The variant is empty where it is the implied one.
 */
const normal = ({ os, architecture, variant = '' }: Platform): Required<Platform> => {
  const written = lower(architecture);
  const alias = Object.hasOwn(architectures, written) ? architectures[written] : undefined;
  const name = alias?.name ?? written;
  const named = alias?.variant ?? lower(variant);
  const full = shortVariants.get(name)?.test(named) === true ? `v${named}` : named;
  return { os: operatingSystem(os), architecture: name, variant: full === impliedVariant[name] ? '' : full };
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

/**
 * Whether a platform is the one that is named (`linux/arm64/v8`); a name without a variant covers every variant.
 * @example
 * matchesPlatform('linux/arm64', { os: 'linux', architecture: 'arm64', variant: 'v8' }) // true
 * matchesPlatform('linux/arm64', { os: 'linux', architecture: 'amd64' }) // false
 */
export const matchesPlatform = (wanted: string, platform: Platform): boolean => {
  const named = platformNamed(wanted);
  return isSame(named, platform, named.variant !== undefined);
};

/** Whether two descriptions can mean one platform; a variant that only one of them names does not separate them. */
export const agree = (one: Platform, other: Platform): boolean =>
  isSame(one, other, one.variant !== undefined && other.variant !== undefined);

/** BuildKit marks what is attached to an index, and is no image, as `unknown/unknown`; no runtime chooses it. */
export const isNoPlatform = ({ os, architecture }: Platform): boolean =>
  lower(os) === 'unknown' && lower(architecture) === 'unknown';

/**
 * The other architecture that a node takes when there is none for its own. Source: containerd/platforms compare.go,
 * `platformVector`, which `Only` and so the nodes use.
 */
const fallbacks: ReadonlyMap<string, string> = new Map([
  ['amd64', '386'],
  ['arm64', 'arm'],
]);

/** Whether a node of the named platform runs this one when there is no image for its own architecture. */
export const isFallbackOf = (wanted: string, platform: Platform): boolean => {
  const { os, architecture } = platformNamed(wanted);
  const node = normal({ os, architecture });
  const found = normal(platform);
  return found.os === node.os && found.architecture === fallbacks.get(node.architecture);
};
