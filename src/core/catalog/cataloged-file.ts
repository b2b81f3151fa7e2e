import type { Distribution } from '../vulnerability/distribution.ts';
import type { LanguagePackages } from './language/language-package.ts';
import type { Program } from './program/program-reader.ts';
import type { PackageDatabase } from './system/system-package.ts';

export type PackageManager = 'dpkg' | 'apk' | 'rpm';

/** What one file says of the packages of its image. */
export type CatalogedFile =
  /** Absent: it names no system. */
  | { readonly kind: 'os-release'; readonly distribution?: Distribution }
  | { readonly kind: 'database'; readonly manager: PackageManager; readonly database: PackageDatabase }
  /** A database of packages that cannot be read, and why. */
  | { readonly kind: 'unreadable-database'; readonly manager: PackageManager; readonly why: string }
  /** Files of one package, as the text that lists them: an image has a hundred thousand, and few are ever asked for. */
  | { readonly kind: 'file-list'; readonly owner: string; readonly text: string }
  /** `folder`: everything in it belongs to the package. */
  | { readonly kind: 'language'; readonly folder: string; readonly packages: LanguagePackages }
  | { readonly kind: 'program'; readonly program: Program }
  /** Packages of a kind that is not judged. */
  | { readonly kind: 'unsupported'; readonly form: string };
