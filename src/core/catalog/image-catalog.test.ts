import { describe, expect, test } from 'vitest';
import { catalog, digestOf, summaryOf, type Files } from '../../../test/fakes/catalog-layers.ts';
import { elfOf, inlineBlob } from '../../../test/fakes/go-program.ts';
import { parsePurl } from '../vulnerability/purl.ts';

const debian = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n';
const stanza = (name: string, version: string, more = ''): string =>
  `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\nArchitecture: amd64\n${more}\n`;
const program = elfOf([{ address: 0x1000, flags: 5, bytes: Buffer.alloc(100) }]);
const goProgram = elfOf([
  {
    address: 0x1000,
    flags: 6,
    bytes: inlineBlob('go1.21.5', 'mod\texample.com/app\tv1.0.0\ndep\tgolang.org/x/text\tv0.3.7\n'),
  },
]);
const base: Files = {
  'usr/lib/os-release': debian,
  'etc/os-release': { to: '../usr/lib/os-release' },
  bin: { to: 'usr/bin' },
  'var/lib/dpkg/status': stanza('libc6', '2.36-9', 'Source: glibc\n'),
  'var/lib/dpkg/info/libc6:amd64.list': '/.\n/bin/ldd\n/usr/bin/getent\n',
  'usr/bin/ldd': program,
  'usr/bin/getent': program,
};

describe('an image of Debian', () => {
  test('lists packages with source, package URL, place, layer and build step', () => {
    expect(catalog([base])).toEqual({
      packages: [
        {
          ecosystem: 'Debian:12',
          name: 'libc6',
          version: '2.36-9',
          source: { name: 'glibc', version: '2.36-9' },
          purl: 'pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc',
          path: 'var/lib/dpkg/status',
          layer: digestOf(0),
          createdBy: 'step 0',
        },
      ],
      gaps: [],
      distribution: { id: 'debian', versionId: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
    });
  });

  test('names the layer that brought a package, not the one that wrote the database last', () => {
    const status = `${base['var/lib/dpkg/status'] as string}${stanza('curl', '7.88.1-10')}`;
    const { packages } = catalog([base, { 'var/lib/dpkg/status': status }, { 'etc/motd': 'x' }]);
    expect(packages.map(({ name, createdBy }) => `${name} ${createdBy}`)).toEqual([
      'libc6 step 0',
      'curl step 1',
    ]);
  });

  test('distroless: one file a package, and no status in it', () => {
    const list = catalog([
      {
        'etc/os-release': debian,
        'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2024a-0\n',
        'var/lib/dpkg/status.d/tzdata.md5sums': `${'0'.repeat(32)}  usr/bin/tz\n`,
        'usr/bin/tz': program,
      },
    ]);
    expect(summaryOf(list)).toEqual({ packages: ['Debian:12 tzdata 2024a-0'], gaps: [] });
  });

  test('V13: the package of the system owns the language packages among its files', () => {
    const list = catalog([
      {
        ...base,
        'var/lib/dpkg/status': stanza('python3-jinja2', '3.1.2-1') + stanza('helm', '3.0-1'),
        'var/lib/dpkg/info/python3-jinja2.list':
          '/usr/lib/python3/dist-packages/Jinja2-3.1.2.dist-info/METADATA\n',
        'var/lib/dpkg/info/helm.list': '/bin/helm\n',
        'usr/lib/python3/dist-packages/Jinja2-3.1.2.dist-info/METADATA': 'Name: Jinja2\nVersion: 3.1.2\n\n',
        'usr/bin/helm': goProgram,
        'app/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}',
        'usr/bin/ldd': 'no program',
        'usr/bin/getent': 'no program',
      },
    ]);
    const owners = list.packages.map(({ name, owner }) => [name, owner?.name]);
    expect(Object.fromEntries(owners)).toEqual({
      'python3-jinja2': undefined,
      helm: undefined,
      Jinja2: 'python3-jinja2',
      'example.com/app': 'helm',
      'golang.org/x/text': 'helm',
      stdlib: 'helm',
      a: undefined,
    });
  });

  test('V4: a database that a link leads to is read through it, in whatever layer it lies', () => {
    const moved: Files = {
      'srv/db': stanza('openssl', '3.0.1'),
      'srv/release': debian,
    };
    const links: Files = {
      'etc/os-release': { to: '/srv/release' },
      'var/lib/dpkg/status': { to: '../../../../../srv/db' },
    };
    expect(summaryOf(catalog([moved, links]))).toEqual({ packages: ['Debian:12 openssl 3.0.1'], gaps: [] });
    const folder: Files = {
      'etc/os-release': debian,
      'srv/dpkg/status.d/a': 'Package: a\nVersion: 1\n',
      'var/lib/dpkg': { to: '/srv/dpkg' },
    };
    expect(summaryOf(catalog([folder]))).toEqual({ packages: ['Debian:12 a 1'], gaps: [] });
  });
});

describe('V1: what nobody could look at', () => {
  test.each<[string, Files, string[]]>([
    ['a static program of Go', { app: goProgram }, []],
    ['an empty image', { 'etc/motd': 'x' }, []],
    [
      'a system without its database',
      { 'etc/os-release': debian },
      ['packages-missing no package of dpkg: Debian GNU/Linux 12 (bookworm)'],
    ],
    [
      'a database without a package',
      { ...base, 'var/lib/dpkg/status': '', 'usr/bin/ldd': '', 'usr/bin/getent': '' },
      ['packages-missing no package of dpkg: Debian GNU/Linux 12 (bookworm)'],
    ],
    [
      'a damaged database',
      { 'etc/os-release': 'ID=rocky\nVERSION_ID=9.4\n', 'var/lib/rpm/rpmdb.sqlite': 'no database' },
      [
        'packages-missing its SQLite file is damaged: var/lib/rpm/rpmdb.sqlite',
        'packages-missing no package of rpm: Rocky Linux',
      ],
    ],
    [
      'a database of an older form',
      { 'etc/os-release': 'ID=rocky\nVERSION_ID=8.9\n', 'var/lib/rpm/Packages': 'x' },
      [
        'packages-missing var/lib/rpm/Packages is in a form that is not read: var/lib/rpm/Packages',
        'packages-missing no package of rpm: Rocky Linux',
      ],
    ],
    [
      'a database without a system',
      { 'var/lib/dpkg/status': stanza('a', '1') },
      ['os-unknown a package database without a system: var/lib/dpkg/status'],
    ],
    [
      'a system without a name',
      { 'etc/os-release': 'NAME=x\n' },
      ['os-unknown no name of a system: etc/os-release'],
    ],
    [
      'the database of another system',
      { ...base, 'lib/apk/db/installed': 'P:a\nV:1\n' },
      ['ecosystem-unsupported packages of apk in Debian: lib/apk/db/installed'],
    ],
    [
      'a package without a version',
      { ...base, 'var/lib/dpkg/status': `${stanza('libc6', '1')}Package: b\n` },
      ['version-unknown packages in var/lib/dpkg/status: b'],
    ],
    ['a program that no package owns', { ...base, 'opt/app': program }, ['unowned-binary opt/app']],
    [
      'a program of Go without modules',
      { app: elfOf([{ address: 0, flags: 6, bytes: inlineBlob('go1.21.5', '') }]) },
      ['unowned-binary app'],
    ],
    [
      'V14: a module without a version',
      {
        app: elfOf([
          { address: 0, flags: 6, bytes: inlineBlob('go1.21.5', 'mod\texample.com/app\t(devel)\n') },
        ]),
      },
      ['version-unknown Go modules: example.com/app in app'],
    ],
    [
      'packages that are not judged',
      {
        'a.jar': '',
        'b/c.JAR': '',
        'x/specifications/rake.gemspec': '',
        'app/.pnp.cjs': '',
        'old/.pnp.js': '',
        'a.gemspec': '',
      },
      [
        'ecosystem-unsupported Java archives: a.jar, b/c.JAR',
        'ecosystem-unsupported Ruby gems: x/specifications/rake.gemspec',
        'ecosystem-unsupported Yarn PnP packages: app/.pnp.cjs, old/.pnp.js',
      ],
    ],
  ])('%s', (_, files, gaps) => expect(summaryOf(catalog([files])).gaps).toEqual(gaps));

  test('what a package of a language brings is owned by it', () => {
    const list = catalog([
      {
        'app/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}',
        'app/node_modules/a/build/a.node': program,
        'venv/lib/site-packages/b-1.0.dist-info/METADATA': 'Name: b\nVersion: 1.0\n',
        'venv/lib/site-packages/b/b.so': program,
      },
    ]);
    expect(summaryOf(list)).toEqual({ packages: ['npm a 1.0.0', 'PyPI b 1.0'], gaps: [] });
  });

  test('many of a kind are one gap', () => {
    const jars = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`${at}.jar`, '']));
    expect(summaryOf(catalog([jars])).gaps).toEqual([
      'ecosystem-unsupported Java archives: 0.jar, 1.jar, 2.jar, 3.jar, 4.jar and 995 more',
    ]);
  });

  test('V3: a lazy layer', () => {
    const list = catalog([{ 'etc/motd': 'x' }], (layer) => ({ ...layer, isLazy: true }));
    expect(list.gaps).toEqual([{ kind: 'lazy-layer', what: digestOf(0) }]);
  });
});

describe('layers', () => {
  test('packages that an upper layer took away are gone, whatever their kind', () => {
    const npm: Files = {
      'app/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}',
      tool: goProgram,
    };
    expect(catalog([npm, { 'app/.wh.node_modules': '', tool: 'no program' }]).packages).toEqual([]);
  });

  test('each package URL can be read, and says the version without its epoch where its kind says so', () => {
    const alma = catalog([{ 'etc/os-release': debian, 'var/lib/dpkg/status': stanza('a+b', '1:2~rc1+x') }]);
    const npm = catalog([
      { 'node_modules/@a/b/package.json': '{"name":"@a/b","version":"1.0.0"}', app: goProgram },
    ]);
    const purls = [...alma.packages, ...npm.packages].map(({ purl = '' }) => parsePurl(purl));
    expect(
      purls.map((one) => one.ok && [one.value.type, one.value.namespace, one.value.name, one.value.version]),
    ).toEqual([
      ['deb', 'debian', 'a+b', '1:2~rc1+x'],
      ['npm', '@a', 'b', '1.0.0'],
      ['golang', 'example.com', 'app', 'v1.0.0'],
      ['golang', 'golang.org/x', 'text', 'v0.3.7'],
      ['golang', undefined, 'stdlib', '1.21.5'],
    ]);
  });
});

describe('V4: a file is what each of its names says, in whatever order an archive holds them', () => {
  const isOdd = JSON.stringify({ name: 'is-odd', version: '3.0.1' });
  const store = 'root/.local/share/pnpm/store/v10/files/3c/0a91';

  test('a package that pnpm has linked to its store', () => {
    const at = 'usr/src/app/node_modules/.pnpm/is-odd@3.0.1/node_modules/is-odd/package.json';
    const { packages } = catalog([{ [store]: isOdd, [at]: { same: store } }]);
    expect(packages.map(({ name, path }) => [name, path])).toEqual([
      ['is-odd', store],
      ['is-odd', at],
    ]);
  });

  test('the same from a layer below, and in two projects', () => {
    const linked = { same: store };
    const list = catalog([
      { [store]: isOdd },
      { 'srv/a/node_modules/is-odd/package.json': linked, 'srv/b/node_modules/is-odd/package.json': linked },
    ]);
    expect(summaryOf(list)).toEqual({ packages: Array<string>(3).fill('npm is-odd 3.0.1'), gaps: [] });
  });

  test('a package database, its list of files and its system', () => {
    const list = catalog([
      {
        'a/1': debian,
        'a/2': stanza('libc6', '2.36-9'),
        'a/3': '/usr/bin/ldd\n',
        'etc/os-release': { same: 'a/1' },
        'usr/bin/ldd': program,
        'var/lib/dpkg/info/libc6:amd64.list': { same: 'a/3' },
        'var/lib/dpkg/status': { same: 'a/2' },
      },
    ]);
    expect(summaryOf(list)).toEqual({ packages: ['Debian:12 libc6 2.36-9'], gaps: [] });
  });

  test('an archive of Java', () => {
    const list = catalog([{ 'opt/blob': 'PK', 'opt/app.jar': { same: 'opt/blob' } }]);
    expect(summaryOf(list).gaps).toEqual([expect.stringContaining('Java archives')]);
  });

  test('two names that say different things: nobody can read it', () => {
    const files: Files = {
      'etc/os-release': debian,
      'app/node_modules/a/package.json': isOdd,
      'var/lib/dpkg/status': { same: 'app/node_modules/a/package.json' },
    };
    expect(() => catalog([files])).toThrow('needed again');
  });

  test('empty files are read as what they are at once', () => {
    const empty = [
      'var/lib/dpkg/status',
      'var/lib/dpkg/info/a.list',
      'app/node_modules/a/package.json',
      'a.jar',
    ];
    const list = catalog([
      {
        'etc/os-release': '',
        'p/b.dist-info/METADATA': '',
        ...Object.fromEntries(empty.map((path) => [path, ''])),
      },
    ]);
    expect(list.packages).toEqual([]);
  });

  test('an empty log beside the database of rpm, where a link leads to its folder', () => {
    const list = catalog([
      {
        'etc/os-release': 'ID=almalinux\nVERSION_ID="10.0"\n',
        'var/lib/rpm': { to: '../../usr/lib/sysimage/rpm' },
        'usr/lib/sysimage/rpm/rpmdb.sqlite-wal': '',
      },
    ]);
    expect(summaryOf(list)).toMatchObject({
      packages: [],
      gaps: [expect.stringContaining('packages-missing')],
    });
  });
});

describe('V4: a program of Go is one under every name', () => {
  test.each([
    'var/lib/dpkg/info/libc6.list',
    'var/lib/dpkg/status.d/libc6.md5sums',
    'usr/lib/os-release',
    'app/node_modules/x/package.json',
    'usr/lib/python3/x-1.0.dist-info/METADATA',
  ])('%s', (name) => {
    const modules = summaryOf(catalog([{ 'usr/bin/app': goProgram }]));
    expect(modules.packages).toContain('Go golang.org/x/text v0.3.7');
    for (const files of [
      { [name]: goProgram },
      { [name]: goProgram, 'usr/bin/app': { same: name } },
      { 'usr/bin/app': goProgram, [name]: { same: 'usr/bin/app' } },
    ] as Files[])
      expect(new Set(summaryOf(catalog([files])).packages)).toEqual(new Set(modules.packages));
  });

  test.each(['var/lib/dpkg/status.d/app', 'lib/apk/db/installed'])('%s: what it says is a gap', (name) => {
    const { packages, gaps } = summaryOf(catalog([{ ...base, [name]: goProgram }]));
    expect(packages).toEqual(['Debian:12 libc6 2.36-9']);
    expect(gaps.join()).toContain(`${name} is a program`);
  });
});
