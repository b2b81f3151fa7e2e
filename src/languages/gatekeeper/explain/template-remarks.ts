import { quote } from '../../../core/text/cut-middle.ts';
import { dottedName, isUnification } from '../../rego/compile/variables.ts';
import {
  textOfTerm,
  type CallTerm,
  type ObjectTerm,
  type RegoRule,
  type RuleBody,
  type Term,
} from '../../rego/syntax/term.ts';
import { walkSyntax } from '../syntax-walk.ts';
import { isViolation } from '../template-code.ts';

/** What a template does that its writer may not mean. It runs all the same. */
export type RemarkCode =
  | 'containers-alone'
  | 'image-volumes-unseen'
  | 'prefix-of-raw-text'
  | 'prefix-without-border'
  | 'rule-not-evaluated'
  | 'violation-without-msg';

/** A remark, with its offset in a text of the template. */
export interface CodeRemark {
  readonly code: RemarkCode;
  readonly message: string;
  readonly at: number;
}

const namesImage = (term: Term): boolean => {
  if (term.kind === 'var') return /image/i.test(term.name);
  const last = term.kind === 'ref' ? textOfTerm(term.path.at(-1)) : undefined;
  return last !== undefined && /^image$/i.test(last);
};

/** Behind these characters a name goes on with another part of it. */
const endsAtBorder = (prefix: string): boolean => prefix === '' || /[/:@]$/.test(prefix);

const prefixFunctions = ['startswith', 'strings.any_prefix_match'];

/** Texts that are written where a prefix is asked for. */
const prefixesIn = (term: Term | undefined): readonly string[] => {
  const items = term?.kind === 'array' || term?.kind === 'set' ? term.items : [term];
  return items.map(textOfTerm).filter((text) => text !== undefined);
};

const prefixRemarks = ({ operator, args, at }: CallTerm): readonly CodeRemark[] => {
  const [tested, prefix] = args;
  const name = dottedName(operator);
  if (name === undefined || !prefixFunctions.includes(name)) return [];
  if (tested === undefined || !namesImage(tested)) return [];
  const open = prefixesIn(prefix).filter((text) => !endsAtBorder(text));
  return [
    {
      code: 'prefix-of-raw-text',
      message:
        'tests the beginning of an image as it is written: nginx, docker.io/nginx and docker.io/library/nginx are one image, and begin with three texts',
      at,
    },
    ...open.map((text): CodeRemark => ({
      code: 'prefix-without-border',
      message: `the prefix ${quote(text)} ends within a name, so ${quote(`${text}.example/x`)} begins with it as well; end it with "/"`,
      at,
    })),
  ];
};

/** Texts that stand anywhere in the code, and where `containers` stands first. */
class FieldNames {
  readonly all = new Set<string>();
  #containers: number | undefined;

  add(rules: readonly RegoRule[]): void {
    walkSyntax(rules, (term) => {
      const text = textOfTerm(term);
      if (text !== undefined) this.all.add(text);
      if (text === 'containers') this.#containers ??= term.at;
      return undefined;
    });
  }

  get containersAt(): number | undefined {
    return this.#containers;
  }
}

const unseenFields = ['initContainers', 'ephemeralContainers'];
const imageVolumes = 'image volumes (volumes[].image)';

const placeRemarks = (names: FieldNames): readonly CodeRemark[] => {
  const at = names.containersAt;
  if (at === undefined) return [];
  const unseen = unseenFields.filter((name) => !names.all.has(name));
  const missesVolumes = names.all.has('image') && !names.all.has('volumes');
  if (unseen.length === 0)
    return missesVolumes
      ? [{ code: 'image-volumes-unseen', message: `does not see ${imageVolumes}`, at }]
      : [];
  const missed = [...unseen, ...(missesVolumes ? [imageVolumes] : [])];
  return [{ code: 'containers-alone', message: `sees containers alone, not ${missed.join(', not ')}`, at }];
};

const hasMessage = ({ pairs }: ObjectTerm): boolean =>
  // A key that is worked out may be `msg`.
  pairs.some(([key]) => key.kind !== 'scalar' || key.value === 'msg');

/** The object that a body gives to a variable, when it is written there. */
const writtenFor = (name: string, body: RuleBody): Term | undefined => {
  for (const literal of body) {
    if (literal.kind !== 'expression' || literal.term.kind !== 'call') continue;
    if (!isUnification(literal.term)) continue;
    const [left, right] = literal.term.args;
    if (left?.kind === 'var' && left.name === name) return right;
    if (right?.kind === 'var' && right.name === name) return left;
  }
  return undefined;
};

const messageRemarks = (rule: RegoRule): readonly CodeRemark[] => {
  if (!isViolation(rule)) return [];
  const { member, at } = rule.head;
  const said = member?.kind === 'var' ? writtenFor(member.name, rule.body) : member;
  const isSilent = said?.kind === 'object' ? !hasMessage(said) : said?.kind === 'scalar';
  return isSilent
    ? [
        {
          code: 'violation-without-msg',
          message: 'a violation without `msg` is no result: nothing is refused',
          at,
        },
      ]
    : [];
};

/** Remarks on one text; those on containers need all texts of a template, so they come from {@link fieldRemarks}. */
export const remarksOnRules = (rules: readonly RegoRule[]): readonly CodeRemark[] => {
  const remarks: CodeRemark[] = [];
  walkSyntax(rules, (term) => {
    if (term.kind === 'call') remarks.push(...prefixRemarks(term));
    return undefined;
  });
  return [...remarks, ...rules.flatMap(messageRemarks)].toSorted((one, other) => one.at - other.at);
};

/** What a template does not see of a Pod. `at` stands in the first text that names containers. */
export const fieldRemarks = (
  texts: readonly (readonly RegoRule[])[],
): { readonly text: number; readonly remarks: readonly CodeRemark[] } => {
  const names = new FieldNames();
  let text = -1;
  for (const [at, rules] of texts.entries()) {
    names.add(rules);
    if (text < 0 && names.containersAt !== undefined) text = at;
  }
  return { text, remarks: placeRemarks(names) };
};
