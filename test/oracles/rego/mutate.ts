import { pick, type Next } from '../random.ts';

const token = /\s+|#[^\n]*|"(?:[^"\\\n]|\\.)*"|`[^`]*`|[A-Za-z_]\w*|\d+(?:\.\d+)?|:=|[=!<>]=|[^\s]/g;
const isBlank = (text: string): boolean => /^(?:\s|#)/.test(text);

/** Tokens of one class mostly stand where another one of it may stand. */
const classes: readonly { readonly test: RegExp; readonly odd: readonly string[] }[] = [
  {
    test: /^[A-Za-z_]/,
    odd: ['x', '_', 'not', 'input', 'count', 'null', 'some', 'msg', 'startswith', 'true'],
  },
  { test: /^["`\d]/, odd: ['1', '"a"', '""', '0.5', '`^a`', '"%v %d"', '[]', '{}', 'set()', 'null'] },
  { test: /^(?::=|[=!<>]|[-+*/%|&]$)/, odd: [':=', '==', '=', '!=', '<', '-', '+', '|', '&'] },
  { test: /^[^\s]/, odd: ['(', ')', '[', ']', '{', '}', ',', ';', '.', ':'] },
];
const classOf = (text: string): number => classes.findIndex(({ test }) => test.test(text));

/** A text with one or two of its tokens replaced, put elsewhere, doubled or taken away. */
export const mutated = (text: string, next: Next): string => {
  const tokens = text.match(token) ?? [];
  const change = (): void => {
    const places = tokens.flatMap((one, at) => (isBlank(one) ? [] : [at]));
    const at = pick(
      next,
      places.filter((place) => classOf(tokens[place]!) < 3 || next() < 0.1),
    );
    const same = places.filter((place) => classOf(tokens[place]!) === classOf(tokens[at]!));
    const turn = next();
    if (turn < 0.6) tokens[at] = tokens[pick(next, same)]!;
    else if (turn < 0.8) tokens[at] = pick(next, classes[classOf(tokens[at]!)]!.odd);
    else if (turn < 0.88) tokens.splice(at, 1);
    else if (turn < 0.94) tokens.splice(at, 0, tokens[at]!, ' ');
    else tokens[at] = tokens[pick(next, places)]!;
  };
  change();
  if (next() < 0.3) change();
  return tokens.join('');
};
