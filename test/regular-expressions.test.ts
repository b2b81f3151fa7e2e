import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './markdown.ts';
import { threadTime } from './fakes/cpu-time.ts';

interface Literal {
  readonly source: string;
  readonly flags: string;
}
/** A regular expression of ours: where it stands, and what it says. */
interface Found extends Literal {
  readonly file: string;
}

const walk = (dir: string): readonly string[] =>
  readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.name.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(entry.name) ? [path] : [];
  });

/** Where a text in quotes ends that begins at `at`, at the end of its line at the latest: an apostrophe is no quote. */
const endOfQuoted = (code: string, at: number): number => {
  const quote = code[at];
  let end = at + 1;
  while (end < code.length && code[end] !== quote && code[end] !== '\n') end += code[end] === '\\' ? 2 : 1;
  return end + 1;
};

const endOfPattern = (code: string, at: number): number => {
  let inClass = false;
  for (let end = at + 1; end < code.length; end++) {
    const character = code[end];
    if (character === '\\') end += 1;
    else if (character === '\n') return -1;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '/' && !inClass) return end;
  }
  return -1;
};

/** What may stand before a literal and never before a division. */
const beforeLiteral = /(?:[=(,:;!&|?{}[+>]|\breturn|\bcase|^)$/;

/** A comment ends here that begins at `at`; -1: none does. */
const endOfComment = (code: string, at: number): number => {
  if (code.startsWith('//', at)) return Math.max(code.indexOf('\n', at), at + 2);
  return code.startsWith('/*', at) ? code.indexOf('*/', at + 2) + 2 : -1;
};

const literalAt = (code: string, at: number, before: string): Literal | undefined => {
  if (code[at] !== '/' || !beforeLiteral.test(before.trimEnd().slice(-12))) return undefined;
  const end = endOfPattern(code, at);
  if (end < 0) return undefined;
  const flags = /^[a-z]*/.exec(code.slice(end + 1, end + 10))?.[0] ?? '';
  return { source: code.slice(at + 1, end), flags };
};

/** Where the text of a template ends that goes on at `at`: behind its last sign, or behind the `${` of a value. */
const endOfTemplateText = (code: string, at: number): { readonly end: number; readonly isValue: boolean } => {
  let end = at;
  while (end < code.length && code[end] !== '`' && !code.startsWith('${', end))
    end += code[end] === '\\' ? 2 : 1;
  const isValue = code.startsWith('${', end);
  return { end: end + (isValue ? 2 : 1), isValue };
};

/** Braces that are open within each value of a template around a place: a closing one more goes back to its text. */
const createTemplates = (code: string) => {
  const open: number[] = [];
  return {
    /** Where to go on behind a sign that begins or goes on with the text of a template; `undefined`: it does neither. */
    after: (character: string, at: number): number | undefined => {
      const depth = open.at(-1);
      if (character === '{' && depth !== undefined) open[open.length - 1] = depth + 1;
      if (character === '}' && depth !== undefined && depth > 0) open[open.length - 1] = depth - 1;
      const goesOn = character === '}' && depth === 0;
      if (character !== '`' && !goesOn) return undefined;
      if (goesOn) open.pop();
      const { end, isValue } = endOfTemplateText(code, at + 1);
      if (isValue) open.push(0);
      return end;
    },
  };
};

/** The literals of a source: comments, quoted texts and the texts of templates are passed over. */
const literalsOf = (code: string): readonly Literal[] => {
  const found: Literal[] = [];
  const templates = createTemplates(code);
  let before = '';
  for (let at = 0; at < code.length;) {
    const character = code[at] ?? '';
    const comment = endOfComment(code, at);
    const literal = comment < 0 ? literalAt(code, at, before) : undefined;
    if (comment >= 0) at = comment;
    else if (literal !== undefined) {
      found.push(literal);
      at += literal.source.length + literal.flags.length + 2;
      before = '/';
    } else {
      const quoted = character === "'" || character === '"' ? endOfQuoted(code, at) : at + 1;
      const end = templates.after(character, at);
      // Behind `${` a literal may stand, behind the end of a template only a division.
      const last = end === undefined ? character : (code[end - 1] ?? '');
      before = (before + last).slice(-40);
      at = end ?? quoted;
    }
  }
  return found;
};

/** Whether a part of it repeats without a bound: `*`, `+`, `{2,}` outside of a class. */
const isUnbounded = (source: string): boolean => {
  const bare = source.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  return /[*+]|\{\d+,\}/.test(bare);
};

const all: readonly Found[] = walk('src').flatMap((file) =>
  literalsOf(readFileSync(join(root, file), 'utf8')).map((literal) => ({ file, ...literal })),
);

/**
 * Who writes the texts that an unbounded pattern of these files reads. Nobody else's text may come here: a pattern over
 * text of an object, an image, a registry, a certificate or a header is bounded, or it is no pattern at all (R24).
 */
const ownTexts: Readonly<Record<string, string>> = {
  'src/config/': 'the operator: flags, environment, configuration file',
  'src/cli/': 'whoever runs the command, for nobody else',
  'src/core/policy/schema/text.ts': 'whoever may write policies',
  'src/core/policy/load/document-yaml.ts': 'whoever may write policies',
  'src/core/image/pattern-lint.ts': 'whoever may write policies',
  'src/core/image/pattern-syntax.ts': 'whoever may write policies',
  'src/core/workload/field-path.ts': 'the operator: rows of workloads',
  'src/core/workload/kinds/workload-row.ts': 'the operator: rows of workloads',
  'src/adapters/kubernetes/client/kubeconfig.ts': 'the operator: the server of a kubeconfig',
  'src/adapters/registry/network/proxy.ts': 'the operator: HTTPS_PROXY and NO_PROXY',
  'src/adapters/store/sqlite/data-lock.ts': 'the gate itself: its lock file',
};
/** Patterns that are put together; what they are made of is bounded where strangers write. */
const composed = [
  'src/adapters/cloud-identity/aws-host.ts',
  'src/config/values/address.ts',
  'src/config/values/shape.ts',
  'src/core/policy/load/document-yaml.ts',
  'src/core/text/dns-name.ts',
  // Layouts of times: their length is bounded, and so is each part.
  'src/languages/rego/builtins/time/time-layout.ts',
];
const isOwn = (file: string): boolean => Object.keys(ownTexts).some((path) => file.startsWith(path));

describe('R24: no regular expression with an unbounded part reads the text of a stranger', () => {
  test('in the sources there is none outside of the files that read texts of the operator', () => {
    const refused = all.filter(({ file, source }) => isUnbounded(source) && !isOwn(file));
    expect(refused).toEqual([]);
  });

  test('each exception is still needed', () => {
    const needed = all.filter(({ source }) => isUnbounded(source)).map(({ file }) => file);
    const idle = Object.keys(ownTexts).filter((path) => !needed.some((file) => file.startsWith(path)));
    expect(idle.filter((path) => !composed.includes(path))).toEqual([]);
  });

  test('patterns are put together in known files only', () => {
    const files = walk('src').filter((file) => /\bRegExp\(/.test(readFileSync(join(root, file), 'utf8')));
    expect(files.toSorted()).toEqual(composed.toSorted());
  });

  test.each([
    ['const a = /x+/;', ['x+']],
    ['text.replace(/[/"]{2,}/g, "")', ['[/"]{2,}']],
    ['if (/a/.test(x) && y / 2 / z) {}', ['a']],
    ["const url = 'http://x/*'; // /no+/\nreturn /\\/*$/.test(url)", ['\\/*$']],
    ['a.split(/\\s/)', ['\\s']],
    ['const half = total / 2 + rest / 3;', []],
    ["const key = `${host}:${port}/${path.join('/')}`; // it's\nreturn /y*/.test(key)", ['y*']],
    ["`a/${text.replace(/'+/g, `${{ a: '}' }.a}/`)}/b+/`", ["'+"]],
    ['`${a}` / 2 / b', []],
  ])('the reader of sources finds what %s holds', (code, want) => {
    expect(literalsOf(code).map(({ source }) => source)).toEqual(want);
  });

  test.each([
    ['x+', true],
    ['x*', true],
    ['x{3,}', true],
    ['[*+]', false],
    ['\\*\\+', false],
    ['x{0,4}y?', false],
  ])('/%s/ is unbounded: %s', (source, want) => expect(isUnbounded(source)).toBe(want));
});

/** Texts that make a pattern look again and again: each character, and each text that it names, without an end. */
const unitsOf = (source: string): readonly string[] => {
  const plain = source.replaceAll(/\[[^\]]*\]|\\[a-zA-Z]|(?<!\\)\.|[()|?^$]/g, ' ').replaceAll('\\', '');
  const named = plain.split(/[\s{}*+,]+/).filter((text) => text.length > 1 && text.length <= 32);
  const single = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at));
  const joined = named.map((text) => `${text}a`);
  return [...single, '\n', '\u00e9', '\u0000', 'a.', '1.', ', ', 'a-', ...named, ...joined];
};

const timeOf = (pattern: RegExp, text: string): number =>
  threadTime(() => {
    pattern.lastIndex = 0;
    return pattern.global && !pattern.sticky ? text.replaceAll(pattern, '') : pattern.test(text);
  });
const best = (pattern: RegExp, text: string): number =>
  Math.min(...Array.from({ length: 5 }, () => timeOf(pattern, text)));

/** Eight times the text may take eight times as long; a pattern that looks again takes 64 times, and more. */
const looksAgain = (pattern: RegExp, unit: string): boolean => {
  const of = (length: number): string => `${unit.repeat(Math.ceil(length / unit.length))}\n\u00ff`;
  if (timeOf(pattern, of(8192)) < 5) return false;
  // Three times: what else runs on the machine may slow one of them down.
  const isSlow = (): boolean => best(pattern, of(8192)) > 24 * best(pattern, of(1024)) + 2;
  return isSlow() && isSlow() && isSlow();
};

describe('R24: no pattern takes long for its worst 8 KiB', () => {
  test('none of ours, whoever writes its text', () => {
    const slow = all.flatMap(({ file, source, flags }) => {
      const pattern = new RegExp(source, flags);
      return unitsOf(source)
        .filter((unit) => looksAgain(pattern, unit))
        .map((unit) => `${file}: /${source}/ on ${JSON.stringify(unit)}`);
    });
    expect(slow).toEqual([]);
  }, 60_000);

  test('one that looks again is seen', () => {
    const pattern = /:\/\/.*@/gs;
    expect(unitsOf(pattern.source)).toContain('://');
    expect(looksAgain(pattern, '://')).toBe(true);
  });
});
