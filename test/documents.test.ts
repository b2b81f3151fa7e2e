import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../src/adapters/metrics/metrics.ts';
import { maxBodyBytes, maxBytesInFlight } from '../src/adapters/webhook/admission/rejection.ts';
import { maxJsonDepth, maxTokens } from '../src/adapters/webhook/admission/json-scan.ts';
import { commands } from '../src/cli/commands.ts';
import type { Terminal } from '../src/cli/terminal/terminal.ts';
import { settings } from '../src/config/settings/settings.ts';
import { findingCodes, type SkipCode } from '../src/core/reasons/reason.ts';
import { formatProblem } from '../src/core/policy/load/document.ts';
import { readPolicyFile } from '../src/core/trust-root/policy-file.ts';
import { maxImages } from '../src/core/workload/found-images.ts';
import { noPrograms } from './fakes/worker-programs.ts';
import { blocks, read, root, section, spans, withoutBlocks } from './markdown.ts';
import { createExpressionEngine } from '../src/serve/expressions.ts';

const compileExpression = createExpressionEngine().compile;

const walk = (folder: string, keep: RegExp): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', '.cache'].includes(entry.name) ? [] : walk(path, keep);
    return keep.test(entry.name) ? [path] : [];
  });

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'examples'].flatMap((folder) => walk(folder, /\.md$/)),
];
const texts = documents.map((path) => ({ path, text: read(path) }));
/** Everything in the documents that a finding function returns, each with the document that it stands in. */
const inAll = (find: (text: string, path: string) => readonly string[]): string[] =>
  texts.flatMap(({ path, text }) => find(text, path).map((found) => `${path}: ${found}`));

/** Code that a reader may type: spans, and the lines of shell blocks with continued lines joined and comments cut. */
const typed = (text: string): string[] => [
  ...spans(text),
  ...blocks(text, 'sh').flatMap((code) =>
    code
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => line.replace(/\s#\s.*$/, '')),
  ),
];

describe('links', () => {
  const slug = (heading: string): string =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
  const anchors = (text: string): string[] =>
    [...withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => slug(heading));
  const links = (text: string): string[] =>
    [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target));
  const dead = (text: string, path: string): string[] =>
    links(text).filter((target) => {
      const [file = '', anchor] = target.split('#');
      const to = file === '' ? path : normalize(join(dirname(path), file));
      if (file !== '' && !existsSync(join(root, to))) return true;
      return anchor !== undefined && !anchors(file === '' ? text : read(to)).includes(anchor);
    });

  test('lead to a file and a heading that exist', () => {
    expect(inAll(dead)).toEqual([]);
  });
  test('that lead nowhere are seen', () => {
    const text =
      '# A heading\n[a](README.nowhere) [b](#a-heading) [c](#no-heading) [d](policy.md#policy-files)';
    expect(dead(text, 'docs/example.md')).toEqual(['README.nowhere', '#no-heading']);
    expect(inAll(links).length).toBeGreaterThan(30);
  });
});

describe('commands', () => {
  const silent: Terminal = {
    out: () => undefined,
    talk: () => undefined,
    interactive: false,
    readStandardInput: () => Promise.resolve(''),
    compileExpression,
    workers: noPrograms,
  };
  const load = async (name: string): Promise<Command | undefined> =>
    (await commands.find((entry) => entry.name === name)?.load())?.command(silent, () => undefined, commands);
  const flagsOf = (command: Command): string[] =>
    command.options.flatMap(({ long, short }) => [long, short]).filter((flag) => flag !== undefined);
  const allFlags = async (): Promise<Set<string>> => {
    const flags = new Set(['--help', '--version', ...settings.flatMap(({ flag = [] }) => flag)]);
    for (const { name } of commands) {
      const command = await load(name);
      for (const each of command === undefined ? [] : [command, ...command.commands])
        for (const flag of flagsOf(each)) flags.add(flag);
    }
    return flags;
  };

  /** `imagegate …` up to the end of the command, in code of any kind. */
  const calls = (text: string): string[] =>
    typed(text).flatMap((code) =>
      [...code.matchAll(/(?<![\w./-])imagegate ([^|>;)]*)/g)].map(([, words = '']) => words.trim()),
    );
  const faultOf = async (call: string): Promise<string[]> => {
    const [name = '', ...words] = call.split(/\s+/);
    if (!/^[a-z]/.test(name)) return name === '' || name.startsWith('-') || name === 'COMMAND' ? [] : [name];
    const command = await load(name);
    if (command === undefined) return [`there is no command ${name}`];
    const child = command.commands.find((each) => each.name() === words[0]);
    if (child === undefined && command.commands.length > 0 && words.length > 0)
      return [`${name} has no ${words[0] ?? ''}`];
    const known = new Set([...flagsOf(child ?? command), '--help']);
    // `--config` names the file of settings and is no setting itself.
    return words
      .filter((word) => word.startsWith('-') && word !== '-')
      .map((word) => word.split('=')[0] ?? '')
      .filter((flag) => !known.has(flag))
      .map((flag) => `${name} has no flag ${flag}`);
  };
  const faults = async (find: (text: string) => readonly string[]): Promise<string[]> => {
    const found = await Promise.all(
      texts.flatMap(({ path, text }) =>
        find(text).map(async (call) => (await faultOf(call)).map((fault) => `${path}: ${call}: ${fault}`)),
      ),
    );
    return found.flat();
  };

  test('that documents name exist, with their flags', async () => {
    expect(await faults(calls)).toEqual([]);
    expect(texts.flatMap(({ text }) => calls(text)).length).toBeGreaterThan(20);
  });
  test('that do not exist are seen', async () => {
    expect(await faultOf('serve --polices DIR')).toEqual(['serve has no flag --polices']);
    expect(await faultOf('check manifests -f -')).toEqual(['check has no manifests']);
    expect(await faultOf('guard')).toEqual(['there is no command guard']);
  });
  test('`serve --…` in code names settings', () => {
    const known = new Set(['--config', '--print-config', '--help', ...settings.map(({ flag }) => flag)]);
    const named = inAll((text) =>
      typed(text)
        .filter((code) => /(^|imagegate )serve /.test(code))
        .flatMap((code) => code.match(/--[a-z][a-z-]+/g) ?? []),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((found) => !known.has(found.split(': ')[1]))).toEqual([]);
  });
  test('a flag that stands alone in code is one of ours, or known to be of another tool', async () => {
    const others = [
      '--once',
      '--quick',
      '--only',
      '--library',
      '--spawn',
      '--check',
      '--seed',
      '--admission-control-config-file',
    ];
    const ofGatekeeper = [
      '--operation',
      '--exempt-namespace',
      '--log-denies',
      '--emit-admission-events',
      '--validating-webhook-configuration-name',
      '--disable-enforcementaction-validation',
      '--max-serving-threads',
      '--enable-referential-rules',
      '--tls-min-version',
      '--client-cn-name',
      '--client-ca-name',
      '--metrics-backend',
      '--prometheus-port',
    ];
    const known = new Set([...(await allFlags()), '--config', ...others, ...ofGatekeeper]);
    const alone = inAll((text) =>
      spans(text).flatMap((code) => (code.startsWith('--') ? (code.match(/--[a-z][a-z-]+/g) ?? []) : [])),
    );
    expect(alone.length).toBeGreaterThan(10);
    expect(alone.filter((found) => !known.has(found.split(': ')[1] ?? ''))).toEqual([]);
  });
  test('variables of the environment are those of a setting', () => {
    const known = new Set(['IMAGEGATE_CONFIG', ...settings.map(({ variable }) => variable)]);
    // What Kubernetes injects beside a Service of that name (R17).
    known.add('IMAGEGATE_PORT');
    const named = inAll((text) => text.match(/\bIMAGEGATE_[A-Z_]+\b/g) ?? []);
    expect(named.filter((found) => !known.has(found.split(': ')[1]))).toEqual([]);
  });
  test('`npm run` names a script of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = inAll((text) => typed(text).flatMap((code) => code.match(/(?<=npm run )[\w:-]+/g) ?? []));
    expect(named.filter((found) => !Object.hasOwn(scripts, found.split(': ')[1] ?? ''))).toEqual([]);
  });
});

describe('metrics', () => {
  const named = (text: string): string[] => [...new Set(text.match(/\bimagegate_[a-z_]+\b/g))];

  test('in documents exist, and each that exists has its row in docs/metrics-and-alerts.md', async () => {
    const { text } = await createMetrics('0.0.0').render();
    const existing = [...text.matchAll(/^# HELP (imagegate_\w+)/gm)].map(([, name = '']) => name);
    expect(existing.length).toBeGreaterThan(10);
    const unknown = inAll(named).filter((found) => {
      const name = found.split(': ')[1] ?? '';
      return ![name, name.replace(/_(bucket|sum|count)$/, '')].some((each) => existing.includes(each));
    });
    expect(unknown).toEqual([]);
    const rows = [...read('docs/metrics-and-alerts.md').matchAll(/^\| `(imagegate_\w+)` \|/gm)].map(
      ([, name]) => name,
    );
    expect(existing.filter((name) => !rows.includes(name))).toEqual([]);
  });
});

describe('examples', () => {
  test('of an ImagePolicy can be read as the gate reads a policy file', () => {
    const policies = texts.flatMap(({ path, text }) =>
      blocks(text, 'yaml')
        .filter((code) => /^kind: ImagePolicy$/m.test(code))
        .map((code) => ({ path, result: readPolicyFile(code, path, compileExpression) })),
    );
    expect(policies.length).toBeGreaterThan(0);
    expect(policies.flatMap(({ result }) => (result.ok ? [] : result.error.map(formatProblem)))).toEqual([]);
  });
});

describe('pages of docs', () => {
  const most = 250;
  /** Nobody reads these from top to bottom: a reader looks one entry up, by its name or number. */
  const reference = [
    'docs/policy-fields.md',
    'docs/trust-root-fields.md',
    'docs/reasons.md',
    'docs/rules.md',
  ];
  const lengths = new Map(
    texts
      .filter(({ path }) => path.startsWith('docs/'))
      .map(({ path, text }) => [path, text.split('\n').length]),
  );

  test(`have fewer than ${String(most)} lines, except those for reference`, () => {
    const long = [...lengths].filter(([path, lines]) => lines > most && !reference.includes(path));
    expect(long.map(([path, lines]) => `${path}: ${String(lines)} lines`)).toEqual([]);
    expect(lengths.size).toBeGreaterThan(20);
    expect(reference.filter((path) => !lengths.has(path))).toEqual([]);
  });
  test('about operating the gate are found from the first page', () => {
    const first = texts.find(({ path }) => path === 'docs/operations.md')?.text ?? '';
    const unlisted = [...lengths.keys()]
      .map((path) => path.slice('docs/'.length))
      .filter((path) => !path.includes('/') && path !== 'operations.md' && !first.includes(`](${path})`));
    expect(unlisted).toEqual([]);
  });
});

describe('what else would rot', () => {
  test('files that ARCHITECTURE.md, CONTRIBUTING.md and the pages about threats name exist', () => {
    const sources = walk('src', /./);
    const names = new Set(sources.map((path) => basename(path)));
    const missing = [
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      'docs/threat-model.md',
      'docs/fail-open-doors.md',
    ].flatMap((path) =>
      spans(read(path))
        .filter((code) => /^[\w./-]+\.(ts|json|yaml)$/.test(code) && !code.includes('example.'))
        .filter((code) =>
          code.includes('/')
            ? !existsSync(join(root, code)) && !sources.includes(join('src', code))
            : !names.has(code),
        )
        .map((code) => `${path}: ${code}`),
    );
    expect(missing).toEqual([]);
  });
  test('every code that can stop or surprise somebody is in the troubleshooting table', () => {
    const table = read('docs/troubleshooting.md').split('\n## ')[0] ?? '';
    const surprising = ['no-policy', 'unchanged', 'not-judged'] satisfies SkipCode[];
    for (const code of [...findingCodes, ...surprising]) expect(table).toContain(`reasons.md#${code})`);
  });
  test('the limits in docs/operations.md are those of the code', () => {
    const limits = section(read('docs/operations.md'), '## Limits');
    const mebibyte = 1024 * 1024;
    expect(limits).toContain(`| one request body | ${maxBodyBytes / mebibyte} MiB |`);
    expect(limits).toContain(`| bodies in flight together | ${maxBytesInFlight / mebibyte} MiB |`);
    expect(limits).toContain(`| ${maxJsonDepth} levels, ${maxTokens.toLocaleString('en')} |`);
    expect(limits).toContain(`| images of one object | ${maxImages} |`);
  });
});
