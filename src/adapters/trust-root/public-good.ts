import publicGood from './public-good.json' with { type: 'json' };

/**
 * The trust root of the public-good instance of Sigstore, as this version ships it: `sigstore`, unless an object of that
 * name replaces it. SOURCE.md says where it comes from.
 */
export const publicGoodRoot = {
  name: 'sigstore',
  trustedRoot: JSON.stringify(publicGood),
  /** When it was published in its source, in milliseconds since 1970: its age counts from there. */
  writtenAt: Date.UTC(2026, 10, 5),
} as const;
