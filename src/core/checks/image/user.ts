import type { PlatformImage } from '../../facts/image-facts.ts';
import { operatingSystem } from '../../facts/platform.ts';
import { pass } from '../check.ts';
import type { Condition } from './condition.ts';
import { failingOf, named, onPlatforms, quoted, reasonsOf } from './condition.ts';

/** Largest user id that runtimes take. Above it, containerd before 1.7.27 ran the image as root (CVE-2024-40635). */
const largestUserId = 2 ** 31 - 1;
/** What Go's `strconv.Atoi` reads as a number, which is what runtimes read a user with: `00` and `+0` are 0. */
const numeric = /^[+-]?\d+$/;

const isWindowsAdministrator = ({ platform }: PlatformImage, name: string): boolean =>
  operatingSystem(platform.os) === 'windows' &&
  /^(?:.*\\)?(?:containeradministrator|administrator)$/i.test(name);

/** Why this user is root or may be; `undefined` when it is another. */
const whyRoot = (image: PlatformImage, numbersOnly: boolean): string | undefined => {
  const user = image.user.trim();
  if (user === '') return 'it names no user, which means root';
  const [name = ''] = user.split(':');
  const who = `its user is ${quoted(image.user)}`;
  if (name === '') return `${who}, which names no user and means root`;
  if (numeric.test(name)) {
    const id = Number(name);
    if (id === 0) return `${who}, which is root`;
    return id > 0 && id <= largestUserId ? undefined : `${who}, a number that runtimes may take for root`;
  }
  if (name.trim() === 'root' || isWindowsAdministrator(image, name)) return `${who}, the administrator`;
  return numbersOnly ? `${who}, a name, which may stand for 0 inside the image` : undefined;
};

/** `user`: what breaks out of a container that runs as root is root on the node. */
export const nonRoot =
  (wanted: 'NonRoot' | 'NonRootNumeric'): Condition =>
  (subject) => {
    const numbersOnly = wanted === 'NonRootNumeric';
    const failing = failingOf(subject, (image) => whyRoot(image, numbersOnly));
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-user-root',
        message: numbersOnly
          ? `${named(subject)} does not run as a user with a number above 0${onPlatforms(subject, failing)}`
          : `${named(subject)} runs as root${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: numbersOnly
          ? 'build the image with a number above 0 as its user, for example `USER 65532`'
          : 'build the image with a user of its own, for example `USER 65532`; `runAsUser` of the Pod is not looked at',
      },
    ];
  };
