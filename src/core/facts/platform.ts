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

/** The architecture as registries call it: `x86_64` is `amd64`. */
export const registryArchitecture = (written: string): string => {
  const name = written.toLowerCase();
  return Object.hasOwn(architectures, name) ? (architectures[name]?.name ?? name) : name;
};

const variantOf = (architecture: string, written: string | undefined): string | undefined => {
  const name = architecture.toLowerCase();
  const alias = Object.hasOwn(architectures, name) ? architectures[name]?.variant : undefined;
  const variant = alias ?? (written === '' ? undefined : written?.toLowerCase());
  if (variant === undefined) return impliedVariant[registryArchitecture(architecture)];
  return /^\d/.test(variant) ? `v${variant}` : variant;
};

/**
 * Whether a platform is the one that is named; a name without a variant covers every variant. Both are read as runtimes
 * read them: what an index calls `Linux/x86_64` is pulled by nodes that are `linux/amd64`, so it is judged as that.
 */
export const matchesPlatform = (wanted: string, { os, architecture, variant }: Platform): boolean => {
  const [wantedOs = '', wantedArchitecture = '', wantedVariant] = wanted.split('/');
  if (os.toLowerCase() !== wantedOs.toLowerCase()) return false;
  if (registryArchitecture(architecture) !== registryArchitecture(wantedArchitecture)) return false;
  return (
    wantedVariant === undefined ||
    variantOf(architecture, variant) === variantOf(wantedArchitecture, wantedVariant)
  );
};
