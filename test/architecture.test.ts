import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;

const walk = (dir: string): string[] =>
  readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory())
      return ['node_modules', '.cache', 'golden'].includes(entry.name) ? [] : walk(path);
    return /\.(ts|mjs)$/.test(entry.name) ? [path] : [];
  });

const sources = walk('src');
const production = sources.filter((file) => !file.endsWith('.test.ts') && !file.endsWith('.contract.ts'));
const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(importPattern)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );

/** Room of a file: `core`, `evidence`, `gate`, `adapters/<name>`, `config`, `cli`, or the composition root. */
const roomOf = (file: string): string => {
  const [, room = '', second = ''] = file.split('/');
  if (room === 'serve.ts' || room === 'serve') return 'serve';
  return room === 'adapters' ? `adapters/${second}` : room;
};

const rank = ['core', 'evidence', 'gate', 'adapters', 'cli'];
/** What `manifests` prints and what the webhooks of a cluster are compared with: pure, above core alone. */
const printed = 'install';
/** Files of others, read within bounds: for the rooms that may open one. */
const bounded = 'files';
/** Below everything that waits. Core and languages wait for nothing, and import only what is as pure as they are. */
const belowAll = 'concurrency';
const pureConcurrency = ['src/concurrency/cache/lru-cache.ts'];
const pureRooms = ['core', 'languages'];
const isRego = (file: string): boolean => file.startsWith('src/languages/rego/');
const isGatekeeper = (file: string): boolean => file.startsWith('src/languages/gatekeeper/');
const isPure = (file: string): boolean =>
  roomOf(file) === 'core' || pureConcurrency.includes(file) || isRego(file) || isGatekeeper(file);
/** Rooms that a room may import, besides itself. */
const allowed = (room: string): string[] => {
  if (room === printed || room === bounded) return ['core'];
  if (room === 'config') return ['core', bounded];
  if (room === 'serve')
    return [belowAll, 'core', 'evidence', 'gate', 'adapters', 'config', printed, bounded, 'languages'];
  if (room === 'cli')
    return [
      belowAll,
      'core',
      'evidence',
      'gate',
      'adapters',
      'config',
      printed,
      bounded,
      'languages',
      'serve',
    ];
  if (room === 'languages') return ['core'];
  const at = rank.indexOf(room.split('/')[0] ?? '');
  const below = at <= 0 ? [] : [belowAll, ...rank.slice(0, at)];
  return room.startsWith('adapters/') ? [...below, printed, bounded] : below;
};
/** npm packages that core may use, and Rego besides: pure, no I/O. */
const corePackages = ['zod', 'yaml', 're2js'];
const hashes = ['hmac', 'legacy', 'sha2'].map((name) => `@noble/hashes/${name}.js`);
const packagesOf = (file: string): string[] => (isRego(file) ? [...corePackages, ...hashes] : corePackages);

const wrongArrows = (files: readonly string[]): string[] =>
  files.flatMap((file) => {
    const room = roomOf(file);
    return importsOf(file).flatMap((specifier) => {
      if (specifier.startsWith('.')) {
        const target = relative(root, resolve(root, dirname(file), specifier));
        if (!target.startsWith('src/')) return target === 'package.json' ? [] : [`${file} -> ${target}`];
        const to = roomOf(target);
        const kind = to.split('/')[0] ?? '';
        return to === room ||
          (pureRooms.includes(room) && pureConcurrency.includes(target)) ||
          (kind !== room.split('/')[0] && allowed(room).includes(kind))
          ? []
          : [`${file} -> ${target}`];
      }
      return !isPure(file) || packagesOf(file).includes(specifier) ? [] : [`${file} -> ${specifier}`];
    });
  });

/** What a file imports of src, types counted. */
const targetsOf = (file: string): string[] =>
  importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(root, resolve(root, dirname(file), specifier)))
    .filter((target) => target.startsWith('src/'));

/** The folders of core: each may import those before it. Files of core itself stand below all of them. */
const coreOrder = [
  'text',
  'reasons',
  'image',
  'oci',
  'layer',
  'vulnerability',
  'catalog',
  'facts',
  'workload',
  'policy',
  'trust-root',
  'checks',
  'policy-set',
  'decision',
];
/** Where a file of core stands in the order; `-1`: below all. */
const levelOf = (file: string): number => {
  const [, , folder = '', ...rest] = file.split('/');
  return rest.length === 0 ? -1 : coreOrder.indexOf(folder);
};

/** The circle that a walk along the imports comes to first from these files; empty: none. */
const circleFrom = (files: readonly string[], next: (file: string) => readonly string[]): string[] => {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const target of next(file)) {
      const circle = visit(target);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of files) {
    const circle = visit(file);
    if (circle.length > 0) return circle;
  }
  return [];
};

describe('the sources', () => {
  test('arrows go one way: core <- evidence <- gate <- adapters <- cli, serve; adapters never import one another', () => {
    expect(wrongArrows(production)).toEqual([]);
  });

  test('the arrow test sees a wrong arrow', () => {
    const arrows = importsOf('src/gate/admit.ts');
    expect(arrows.some((specifier) => specifier.startsWith('../core/'))).toBe(true);
    expect(allowed('core')).toEqual([]);
    expect(allowed('gate')).toEqual(['concurrency', 'core', 'evidence']);
    expect(allowed('concurrency')).toEqual([]);
    expect(allowed('files')).toEqual(['core']);
    for (const room of ['evidence', 'gate', 'install']) expect(allowed(room)).not.toContain('files');
    expect(allowed('adapters/store')).not.toContain('adapters');
  });

  test('the folders of core stand in one order, and each imports only what stands before it', () => {
    const files = production.filter((file) => roomOf(file) === 'core');
    const inFolders = files.filter((file) => file.split('/').length > 3);
    expect(inFolders.filter((file) => levelOf(file) < 0)).toEqual([]);
    const wrong = files.flatMap((file) =>
      targetsOf(file)
        .filter((target) => roomOf(target) === 'core' && levelOf(target) > levelOf(file))
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the order of core stands in ARCHITECTURE.md', () => {
    expect(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')).toContain(coreOrder.join(' -> '));
  });

  test('no file imports itself by way of others, types counted', () => {
    expect(circleFrom(production, targetsOf)).toEqual([]);
    const round: Readonly<Record<string, string[]>> = { a: ['b', 'c'], b: ['d'], c: ['d', 'e'], e: ['c'] };
    expect(circleFrom(['a'], (file) => round[file] ?? [])).toEqual(['c', 'e', 'c']);
    expect(circleFrom(['b'], (file) => round[file] ?? [])).toEqual([]);
  });

  test('a name has one import path: no file exports what another one declares', () => {
    const doors = sources.filter((file) =>
      /^export (?:type )?[{*]/m.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(doors).toEqual([]);
  });

  test('an exported name has one meaning: it is declared in one file', () => {
    const declared = new Map<string, string[]>();
    for (const file of production)
      for (const [, name = ''] of readFileSync(join(root, file), 'utf8').matchAll(
        /^export (?:async )?(?:const|class|interface|type|function\*?) (\w+)/gm,
      ))
        declared.set(name, [...(declared.get(name) ?? []), file]);
    expect(declared.size).toBeGreaterThan(1000);
    // Each file of cli/commands is one command, and none of them can be anything else.
    const isCommand = (files: readonly string[]): boolean =>
      files.every((file) => file.startsWith('src/cli/commands/'));
    const twice = [...declared].filter(([, files]) => files.length > 1);
    expect(twice.filter(([name, files]) => name !== 'command' || !isCommand(files))).toEqual([]);
  });

  test('only serve.ts and the CLI wire adapters together', () => {
    const wiring = production.filter((file) => {
      const adapters = importsOf(file).filter((specifier) => /\/adapters\//.test(specifier));
      return (
        adapters.length > 0 &&
        !['serve', 'cli'].includes(roomOf(file)) &&
        !roomOf(file).startsWith('adapters/')
      );
    });
    expect(wiring).toEqual([]);
  });

  test('only serve and cli import languages, and hand them to the ports of the gate', () => {
    const importers = production.filter((file) => targetsOf(file).some((to) => roomOf(to) === 'languages'));
    expect([...new Set(importers.map(roomOf))].toSorted()).toEqual(['cli', 'languages', 'serve']);
    for (const room of ['core', 'evidence', 'gate']) expect(allowed(room)).not.toContain('languages');
  });

  test('core, Rego and Gatekeeper have no clock, no randomness and no Node', () => {
    const impure = production
      .filter(isPure)
      .filter((file) =>
        /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.)/.test(
          readFileSync(join(root, file), 'utf8'),
        ),
      );
    expect(impure).toEqual([]);
  });

  test('only the concurrency room listens to abort signals by hand', () => {
    const listeners = production.filter((file) =>
      /EventListener\('abort'/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(listeners).toEqual(['src/concurrency/abort.ts']);
  });

  test('JSON of somebody else is parsed by parseJson: the engine reads some keys wrong', () => {
    const mayParse = (file: string): boolean =>
      file.startsWith('src/core/text/json/') ||
      // A text in quotes, which has no keys.
      file === 'src/core/workload/object-path.ts' ||
      // Decisions that the gate has written itself.
      ['src/cli/commands/decisions.ts', 'src/cli/commands/explain.ts'].includes(file) ||
      // Parts of advisories that the gate has written itself: their bytes were compared with their digest.
      ['part-format', 'part-reader', 'change/part-contents'].some(
        (name) => file === `src/adapters/advisories/${name}.ts`,
      );
    const parsing = production.filter((file) =>
      /\bJSON\.parse\(/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(parsing.filter((file) => !mayParse(file))).toEqual([]);
  });

  test('only the config room reads the environment', () => {
    const readers = production
      .filter((file) => roomOf(file) !== 'config')
      .filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')));
    expect(readers).toEqual([]);
  });

  test('no file is longer than 400 lines', () => {
    const long = [...sources, ...walk('test'), ...walk('scripts')]
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  test('no folder holds more than 15 source files, tests aside', () => {
    const counts = new Map<string, number>();
    for (const file of production) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(40);
    expect([...counts].filter(([, count]) => count > 15)).toEqual([]);
  });

  test('one dialect: functions are arrows (generators have no arrow form), constants are camelCase', () => {
    const files = [...sources, ...walk('test'), ...walk('scripts')];
    const dialect =
      /^\s*(?:export )?(?:async )?function(?!\*)\b.*$|^\s*(?:export )?const [A-Z][A-Z0-9_]+\b.*$/gm;
    const foreign = files.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(dialect)].map(
        ([line]) => `${file}: ${line.trim()}`,
      ),
    );
    expect(foreign).toEqual([]);
  });

  test('limits are called max or min', () => {
    const limit = /^ *(?:export )?const (?:(?:most|longest|largest|shortest)[A-Z]\w*|\w+Limit) = \d.*$/gm;
    const others = production.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(limit)].map(([line]) => `${file}: ${line.trim()}`),
    );
    expect(others).toEqual([]);
  });

  test('no file has a name that says nothing', () => {
    const vague = /(^|\/)(utils?|helpers?|common|misc|managers?|processors?|types)\.ts$/;
    expect(sources.filter((file) => vague.test(file))).toEqual([]);
  });

  test('every check of the checks room is in the explicit list', () => {
    const list = readFileSync(join(root, 'src/core/checks/index.ts'), 'utf8');
    const files = readdirSync(join(root, 'src/core/checks'))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .filter((name) => !['index.ts', 'check.ts'].includes(name));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) expect(list).toContain(`'./${name}'`);
  });

  test('every check file begins with the fields that it is about, what it reads and allows, and its reason codes', () => {
    const checks = production
      .filter((file) => file.startsWith('src/core/checks/'))
      .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
      .filter(({ text }) => /\bcode: '/.test(text));
    expect(checks.length).toBeGreaterThan(5);
    for (const { file, text } of checks) {
      const head =
        /^\/\*\n \* \w+[^]*?\n \* Reads:   [^]*?\n \* Allows:  [^]*?\n \* Refuses: (.+)\n \*\/\n/.exec(text);
      const codes = new Set([...text.matchAll(/\bcode: '([a-z-]+)'/g)].map(([, code]) => code));
      expect({ file, codes: new Set(head?.[1]?.split(', ')) }).toEqual({ file, codes });
    }
  });

  test('every command of the CLI room is in the explicit list, and every file of the root is known', () => {
    const list =
      readFileSync(join(root, 'src/cli/main.ts'), 'utf8') +
      readFileSync(join(root, 'src/cli/commands.ts'), 'utf8');
    const commands = readdirSync(join(root, 'src/cli/commands')).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    );
    for (const name of commands) expect(list).toContain(name);
    expect(
      readdirSync(join(root, 'src')).filter((name) => !statSync(join(root, 'src', name)).isDirectory()),
    ).toEqual(['serve.ts']);
  });

  test('every folder of src stands in the tree of ARCHITECTURE.md, and no other', () => {
    const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const [, tree = ''] = /## The tree\n\n```\n([^]*?)```/.exec(page) ?? [];
    const drawn = new Set<string>();
    let room = '';
    for (const line of tree.trimEnd().split('\n')) {
      const [, indent, names = ''] = /^( *)([^\s,]+(?:, [^\s,]+)*)/.exec(line) ?? [];
      if (indent === '') drawn.add((room = names));
      else for (const name of names.split(', ')) drawn.add(`${room}/${name}`);
    }
    const folders = new Set(production.map((file) => dirname(file)).filter((folder) => folder !== 'src'));
    expect(
      [...folders].filter((folder) => !drawn.has(folder)),
      'not drawn',
    ).toEqual([]);
    const isThere = (folder: string): boolean =>
      [...folders].some((one) => `${one}/`.startsWith(`${folder}/`));
    expect(
      [...drawn].filter((folder) => !isThere(folder)),
      'drawn, and not there',
    ).toEqual([]);
  });

  test.each([
    ['The path of one review, frame by frame', 12],
    ['The path of one tag', 15],
  ])('%s: at most %d frames, and each of them is there', (title, max) => {
    const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const section = page.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
    const frames = [...section.matchAll(/^\d+\. (.*?)(?::|\.$)/gm)].map(([, text = '']) => text);
    expect(frames.length).toBeGreaterThan(9);
    expect(frames.length).toBeLessThanOrEqual(max);
    let place = '';
    const missing = frames.flatMap((frame) => {
      const words = [...frame.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
      place = words.find((word) => /[/]|\.ts$/.test(word)) ?? place;
      const files = production.filter((file) => file.includes(`/${place}`));
      const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
      const names = words.filter((word) => word !== place).map((word) => word.split('.').at(-1) ?? word);
      return names
        .filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
        .map((name) => `${name} in ${place}`);
    });
    expect(missing).toEqual([]);
  });

  test('every room and every adapter stands in ARCHITECTURE.md', () => {
    const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const folders = (dir: string): string[] =>
      readdirSync(join(root, dir)).filter((name) => statSync(join(root, dir, name)).isDirectory());
    const missing = [
      ...folders('src').filter((name) => !page.includes(`\`src/${name}`)),
      ...folders('src/adapters').filter((name) => !page.includes(`\`${name}\``)),
    ];
    expect(folders('src/adapters').length).toBeGreaterThan(5);
    expect(missing).toEqual([]);
  });
});
