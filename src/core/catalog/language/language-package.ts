/** A package of a language, as a file beside its code says. */
export interface LanguagePackage {
  /** As OSV names it: `npm`, `PyPI`, `Go`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
}

/** What one file says of packages of a language. */
export interface LanguagePackages {
  readonly packages: readonly LanguagePackage[];
  /** What is there without a version: names for people. */
  readonly unknown: readonly string[];
}

export const noPackages: LanguagePackages = { packages: [], unknown: [] };
