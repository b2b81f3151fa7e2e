import { shown } from '../../core/text/shown-text.ts';
import type { ParameterField } from '../../languages/gatekeeper/explain/explain-template.ts';
import type { ExplainedTemplate } from './explained-template.ts';
import { plural } from '../../core/text/plural.ts';
import { labelled } from '../render/wrapped-text.ts';

const row = (label: string, text: string): readonly string[] =>
  labelled(`  ${label.padEnd(17)}`, shown(text));

const engineText = ({ engines, regoVersion, libraries }: ExplainedTemplate): string => {
  const [first = 'none', ...others] = engines;
  const version = regoVersion === undefined || first !== 'Rego' ? '' : ` ${regoVersion}`;
  const beside = others.length === 0 ? '' : `; ${others.join(', ')} is not run`;
  const libs = libraries === 0 ? '' : `, ${plural(libraries, 'library', 'libraries')}`;
  return `${first}${version}${libs}${beside}`;
};

const fieldText = ({ path, type, isRequired, default: given, description }: ParameterField): string =>
  [
    `${path}: ${type}`,
    ...(isRequired ? ['required'] : []),
    ...(given === undefined ? [] : [`default ${JSON.stringify(given)}`]),
    ...(description === undefined ? [] : [description.replaceAll(/\s+/g, ' ').trim()]),
  ].join(', ');

const parameterRows = ({ parameters }: ExplainedTemplate): readonly string[] => {
  if (parameters === 'none') return row('parameters', 'none: the template has no schema for them');
  if (parameters === 'any') return row('parameters', 'any: no schema says what they are');
  return parameters.flatMap((field, at) => row(at === 0 ? 'parameters' : '', fieldText(field)));
};

interface Note {
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
  readonly message: string;
  readonly suggestion?: string;
}

const hintOf = (suggestion: string | undefined): string =>
  suggestion === undefined ? '' : `; did you mean ${JSON.stringify(suggestion)}?`;

/** The sentence, then the line with a caret below the place. Wrapped lines would part the caret from its place. */
const noteRows = (
  file: string,
  label: string,
  { line, column, excerpt, message, suggestion }: Note,
): readonly string[] => [
  `  ${label.padEnd(17)}${shown(`${file}:${line}:${column}: ${message}${hintOf(suggestion)}`)}`,
  ...excerpt.split('\n').map((text) => `    ${shown(text)}`.trimEnd()),
];

const templateRows = (template: ExplainedTemplate): readonly string[] => {
  const { file, name, apiVersion, constraintKind, runs, builtins, operations, problems, remarks } = template;
  return [
    shown(`${name}: ${apiVersion}, makes constraints of the kind ${constraintKind}`),
    ...row('runs', runs ? 'yes' : 'no'),
    ...row('engine', engineText(template)),
    ...row('builtins', builtins.join(', ') || 'none'),
    ...row('inventory', template.readsInventory ? 'read' : 'not read'),
    ...row('namespaceObject', template.readsNamespaceObject ? 'read' : 'not read'),
    ...row('operations', operations.join(', ') || 'all'),
    ...parameterRows(template),
    ...problems.flatMap((problem) =>
      noteRows(file, problem.isUnsupported === true ? 'unsupported' : 'problem', problem),
    ),
    ...remarks.flatMap(({ code, message, ...place }) =>
      noteRows(file, 'remark', { ...place, message: `${message} (${code})` }),
    ),
  ];
};

/** What templates are, one below the other, for people. */
export const renderTemplates = (templates: readonly ExplainedTemplate[]): string =>
  templates.map((template) => `${templateRows(template).join('\n')}\n`).join('\n');
