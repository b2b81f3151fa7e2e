import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, cache, run } from './install-command.ts';
import { findOrUnpack } from './install-debian.ts';
import { installRegistryParts } from './install.ts';

/** Packages as AlmaLinux 9 calls them; epochs and a module among them. */
const names: readonly string[] = [
  'alternatives-1.24-1.el9',
  'audit-libs-3.1.2-2.el9',
  'basesystem-11-13.el9',
  'bash-5.1.8-9.el9',
  'bzip2-libs-1.0.8-8.el9',
  'ca-certificates-2023.2.60_v7.0.306-90.1.el9_2',
  'coreutils-single-8.32-35.el9',
  'cyrus-sasl-lib-2.1.27-21.el9',
  'dbus-1:1.12.20-8.el9',
  'dbus-libs-1:1.12.20-8.el9',
  'elfutils-libelf-0.190-2.el9',
  'expat-2.5.0-2.el9_4',
  'file-libs-5.39-16.el9',
  'filesystem-3.16-2.el9',
  'gawk-5.1.0-6.el9',
  'glib2-2.68.4-14.el9_4.1',
  'glibc-2.34-100.el9_4.2',
  'glibc-minimal-langpack-2.34-100.el9_4.2',
  'gmp-1:6.2.0-13.el9',
  'gnupg2-2.3.3-4.el9',
  'gnutls-3.8.3-4.el9_4',
  'grep-3.6-5.el9',
  'krb5-libs-1.21.1-2.el9_4',
  'libacl-2.3.1-4.el9',
  'libarchive-3.5.3-4.el9',
  'libcurl-minimal-7.76.1-29.el9_4.1',
  'libgcrypt-1.10.0-10.el9_2',
  'libxml2-2.9.13-6.el9_4',
  'ncurses-libs-6.2-10.20210508.el9',
  'openldap-2.6.6-3.el9',
  'openssl-libs-1:3.0.7-28.el9_4',
  'perl-libs-4:5.32.1-481.el9',
  'python3-libs-3.9.18-3.el9_4.5',
  'shadow-utils-2:4.9-8.el9',
  'sqlite-libs-3.34.1-7.el9_3',
  'systemd-libs-252-32.el9_4.7',
  'tzdata-2024a-1.el9',
  'vim-minimal-2:8.2.2637-20.el9_1',
  'xz-libs-5.2.5-8.el9_0',
  'zlib-1.2.11-40.el9',
];
const modular = 'nodejs-1:18.20.4-1.module_el9.4.0+109+7fe9d4c2';
const stream = 'nodejs:18:9040020240807131341:rhel9';

interface Named {
  readonly name: string;
  readonly epoch: string | undefined;
  readonly version: string;
  readonly release: string;
}
const parts = (text: string): Named => {
  const [, name = '', epoch, version = '', release = ''] =
    /^(.+)-(?:(\d+):)?([^-]+)-([^-]+)$/.exec(text) ?? [];
  return { name, epoch, version, release };
};
const versionLines = ({ epoch, version, release }: Named): readonly string[] => [
  ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
  `Version: ${version}`,
  `Release: ${release}`,
];

/** One specification that makes them all; none holds a file. */
const specification = (main: string, others: readonly string[], more: readonly string[] = []): string => {
  const first = parts(main);
  return [
    `Name: ${first.name}`,
    ...versionLines(first),
    'Summary: as in AlmaLinux 9',
    'License: MIT',
    'BuildArch: noarch',
    ...more,
    '%description',
    'It holds nothing.',
    '%files',
    ...others
      .map(parts)
      .flatMap((one) => [
        `%package -n ${one.name}`,
        ...versionLines(one),
        'Summary: as in AlmaLinux 9',
        `%description -n ${one.name}`,
        'It holds nothing.',
        `%files -n ${one.name}`,
      ]),
    '',
  ].join('\n');
};

const osRelease =
  'NAME="AlmaLinux"\nVERSION="9.4 (Seafoam Ocelot)"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n';

/** How to call rpm and rpmbuild: unpacked, and not installed, they look for their macros where they are not. */
const installRpm = (): Readonly<Record<'rpm' | 'rpmbuild', readonly string[]>> => {
  const wanted = { package: 'rpm', packages: ['rpm-common', 'debugedit'] };
  const rpm = findOrUnpack({ ...wanted, program: 'rpm', beside: ['rpmbuild'] });
  const rpmbuild = findOrUnpack({ ...wanted, program: 'rpmbuild', beside: ['rpm'] });
  const macros = join(cache, 'debian', 'rpm', 'usr', 'lib', 'rpm');
  const env = existsSync(macros) ? [`RPM_CONFIGDIR=${macros}`] : [];
  return { rpm: [...env, rpm], rpmbuild: [...env, rpmbuild] };
};

/**
 * Makes an image whose database rpm itself wrote, and hands its OCI layout on.
 * @param use - `query`: `name<TAB>version` of each package, by rpm
 */
export const withRpmImage = <T>(use: (layout: string, query: readonly string[]) => T): T => {
  const { rpm, rpmbuild } = installRpm();
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-rpm-'));
  const root = join(folder, 'root');
  const built = join(folder, 'rpms');
  const layout = join(folder, 'layout');
  try {
    const [main = '', ...others] = names;
    for (const [file, text] of Object.entries({
      'system.spec': specification(main, others),
      'module.spec': specification(modular, [], [`ModularityLabel: ${stream}`]),
    })) {
      writeFileSync(join(folder, file), text);
      run('env', [
        ...rpmbuild,
        '-bb',
        '--quiet',
        `-D_topdir ${join(folder, 'top')}`,
        `-D_rpmdir ${built}`,
        join(folder, file),
      ]);
    }
    const rpms = readdirSync(built, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.rpm'),
    );
    const database = ['--root', root, '--dbpath', '/var/lib/rpm', '-D_db_backend sqlite'];
    mkdirSync(join(root, 'etc'), { recursive: true });
    run('env', [
      ...rpm,
      '-i',
      '--justdb',
      '--nodeps',
      '--nosignature',
      ...database,
      ...rpms.map((file) => join(built, file)),
    ]);
    writeFileSync(join(root, 'etc', 'os-release'), osRelease);
    const { umoci } = installRegistryParts();
    const image = `${layout}:latest`;
    run(umoci, ['init', '--layout', layout]);
    run(umoci, ['new', '--image', image]);
    run(umoci, ['insert', ...(process.getuid?.() === 0 ? [] : ['--rootless']), '--image', image, root, '/']);
    run(umoci, ['gc', '--layout', layout]);
    const format = '%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n';
    const query = ask('env', [...rpm, '-qa', ...database, '--queryformat', format]);
    return use(layout, query.trimEnd().split('\n'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
