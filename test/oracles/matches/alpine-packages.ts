import type { AskedPackage } from './asked-package.ts';

const release = 'Alpine:v3.20';

/** What the base image of Alpine 3.20 holds, with the package each was built from where it has another name. */
export const alpinePackages: readonly AskedPackage[] = [
  ['alpine-baselayout', '3.6.5-r0'],
  ['alpine-baselayout-data', '3.6.5-r0', 'alpine-baselayout'],
  ['alpine-keys', '2.4-r1'],
  ['apk-tools', '2.14.4-r0'],
  ['busybox', '1.36.1-r29'],
  ['busybox-binsh', '1.36.1-r29', 'busybox'],
  ['ca-certificates-bundle', '20240705-r0', 'ca-certificates'],
  ['libcrypto3', '3.3.2-r0', 'openssl'],
  ['libssl3', '3.3.2-r0', 'openssl'],
  ['musl', '1.2.5-r0'],
  ['musl-utils', '1.2.5-r0', 'musl'],
  ['scanelf', '1.3.7-r2', 'pax-utils'],
  ['ssl_client', '1.36.1-r29', 'busybox'],
  ['zlib', '1.3.1-r1'],
].map(([name = '', version = '', source]) => ({
  ecosystem: release,
  name,
  version,
  ...(source === undefined ? {} : { source }),
}));
