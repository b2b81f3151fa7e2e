/*
 * image.user
 *
 * Reads:   `config.User` of the image config, and its operating system. Not asked of image volumes: nothing runs there.
 * Allows:  a user other than root; with `NonRootNumeric` only a number from 1 to 2147483647.
 * Refuses: image-user-root
 */
import type { PlatformImage } from '../../facts/image-facts.ts';
import { operatingSystem } from '../../oci/platform.ts';
import { pass } from '../check.ts';
import { failingOf, onPlatforms, quoted, reasonsOf, type Condition } from './condition.ts';

/** Largest user id that runtimes take. Above it, containerd before 1.7.27 ran the image as root (CVE-2024-40635). */
const maxUserId = 2 ** 31 - 1;
/** Longer than any user name that a system takes (`useradd`: 32; Windows: 20 behind a domain). */
const maxUserLength = 512;
/** What Go's `strconv.Atoi` reads as a number, which is what runtimes read a user with: `00` and `+0` are 0. */
const numeric = /^[+-]?\d{1,512}$/;
/** `U+0085` is white space to Go and not to JavaScript, `U+FEFF` the other way round. */
const space = /[\s\p{Cc}\u0085\ufeff]/u;

const administrators: ReadonlySet<string> = new Set([
  'containeradministrator',
  'administrator',
  'system',
  'localsystem',
]);

/** `User Manager\ContainerAdministrator`: a domain may stand before the name, and names fold case. */
const isWindowsAdministrator = (user: string): boolean =>
  administrators.has(
    user
      .slice(user.lastIndexOf('\\') + 1)
      .trim()
      .toLowerCase(),
  );

/** Blanks inside are legal in names of Windows: `User Manager\ContainerUser`. */
const holdsSpace = (user: string, isWindows: boolean): boolean =>
  space.test(isWindows ? (user.trim() === '' ? user : user.replaceAll(' ', '')) : user);

/** Why a part before the colon is root; `undefined` when it is another. */
const whyNameIsRoot = (name: string, numbersOnly: boolean): string | undefined => {
  if (name === '') return 'which names no user and means root';
  if (name === 'root') return 'the administrator';
  if (!numeric.test(name)) return numbersOnly ? 'a name, which may stand for 0 inside the image' : undefined;
  const id = Number(name);
  if (id === 0) return 'which is root';
  return id > 0 && id <= maxUserId ? undefined : 'a number that runtimes may take for root';
};

/**
 * Why this user is root or may be; `undefined` when it is another. Nothing is trimmed: containerd splits at the colon
 * and takes each part as it is (pkg/oci/spec_opts.go, `WithUser`), so `1000 ` is a name, which the image itself may map
 * to 0 in its /etc/passwd. CRI-O reads it by moby/sys/user (`GetExecUser`), of which some versions trim.
 */
const whyRoot = ({ user, platform }: PlatformImage, numbersOnly: boolean): string | undefined => {
  if (user === '') return 'it names no user, which means root';
  const who = `its user is ${quoted(user)}`;
  if (user.length > maxUserLength) return `${who}, longer than any name of a user`;
  const colon = user.indexOf(':');
  const name = colon < 0 ? user : user.slice(0, colon);
  const isWindows = operatingSystem(platform.os) === 'windows';
  if (isWindows && [user, name].some(isWindowsAdministrator)) return `${who}, the administrator`;
  if (holdsSpace(user, isWindows))
    return `${who}: it holds white space, so runtimes differ about who that is`;
  const why = whyNameIsRoot(name, numbersOnly);
  return why === undefined ? undefined : `${who}, ${why}`;
};

/** `user`: a process that breaks out of a container as root is root on the node. */
export const nonRoot =
  (wanted: 'NonRoot' | 'NonRootNumeric'): Condition =>
  (subject) => {
    const numbersOnly = wanted === 'NonRootNumeric';
    const failing = failingOf(subject, (image) => whyRoot(image, numbersOnly));
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-user-root',
        says: numbersOnly
          ? `does not run as a user with a number above 0${onPlatforms(subject, failing)}`
          : `runs as root${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: numbersOnly
          ? 'build the image with a number above 0 as its user, for example `USER 65532`'
          : 'build the image with a user of its own, for example `USER 65532`; `runAsUser` of the Pod is not looked at',
      },
    ];
  };
