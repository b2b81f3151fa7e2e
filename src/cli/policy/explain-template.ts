import { shown } from '../../core/text/shown-text.ts';
import { findLostIndentation } from '../../core/text/yaml/lost-indentation.ts';
import { suggest } from '../../core/policy/load/suggestion.ts';
import {
  readManifestObjects,
  type ManifestObject,
  type ManifestObjects,
} from '../../core/workload/manifest.ts';
import { constraintCrd } from '../../languages/gatekeeper/crd.ts';
import type { TemplatePlace } from '../../languages/gatekeeper/template-place.ts';
import { readInputText } from '../input-file.ts';
import { plural } from '../../core/text/plural.ts';
import { yamlText } from '../render/yaml.ts';
import type { TextOrJson } from '../terminal/choice.ts';
import { exitCode, type ExitCode } from '../terminal/exit-code.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import { explained, type ExplainedTemplate } from './explained-template.ts';
import { renderTemplates } from './template-text.ts';

const templateKind = 'ConstraintTemplate';
/** All templates of a large cluster in one List are some megabytes. */
const maxInputBytes = 64 * 1024 * 1024;

export interface ExplainOptions {
  /** Print the CRDs of the constraints in place of the explanation. */
  readonly crd?: boolean;
  readonly output: TextOrJson;
}

const readText = async (path: string, terminal: Terminal) =>
  path === '-'
    ? { file: 'stdin', text: await terminal.readStandardInput(maxInputBytes) }
    : { file: path, text: await readInputText(path, maxInputBytes) };

const refuse = (
  file: string,
  { line, column }: { readonly line: number; readonly column: number },
  why: string,
) => new UsageError([shown(`${file}:${line}:${column}: ${why}`)]);

const wanted = 'give a ConstraintTemplate, or what `kubectl get constrainttemplates -o yaml` prints';

/** Why a text is none that anybody wrote; a file in UTF-16 holds a NUL beside every letter. */
const whyNoText = (text: string): string | undefined => {
  if (text.trim() === '') return `is empty: ${wanted}`;
  if (text.includes('\u0000'))
    return `is no text: it holds a NUL byte; a file in UTF-16 must be saved as UTF-8`;
  return undefined;
};

/** What a text holds in place of templates; more of it is only counted. */
const maxOthers = 5;

interface Other {
  readonly line: number;
  readonly what: string;
}

const othersIn = ({ objects, remarks }: ManifestObjects): readonly Other[] =>
  [
    ...objects
      .filter(({ kind }) => kind !== templateKind)
      .map(({ kind, line }) => {
        const meant = suggest(kind, [templateKind]);
        const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
        return { line, what: `a ${kind} is no ${templateKind}: left out${hint}` };
      }),
    ...remarks.map(({ line, text }) => ({ line, what: text })),
  ].toSorted((one, other) => one.line - other.line);

const listed = (file: string, others: readonly Other[]): readonly string[] => {
  const more = others.length - maxOthers;
  return [
    ...others.slice(0, maxOthers).map(({ line, what }) => shown(`${file}:${line}: ${what}`)),
    ...(more > 0 ? [shown(`${file}: and ${more} more that are no ${templateKind}`)] : []),
  ];
};

/** The templates of a text, those in Lists as well. */
const templatesIn = (file: string, text: string, terminal: Terminal): readonly ManifestObject[] => {
  const noText = whyNoText(text);
  if (noText !== undefined) throw new UsageError([shown(`${file}: ${noText}`)]);
  const lost = findLostIndentation(text);
  if (lost !== undefined) {
    const { key, parent, parentLine } = lost;
    throw refuse(
      file,
      lost,
      `the indentation was lost: "${key}" belongs below "${parent}" of line ${parentLine}, and every line begins in the first column; copy the text from its source, or indent it`,
    );
  }
  const read = readManifestObjects(text, file);
  if (!read.ok) throw refuse(file, read.error, read.error.why);
  const templates = read.value.objects.filter(({ kind }) => kind === templateKind);
  const others = listed(file, othersIn(read.value));
  if (templates.length === 0)
    throw new UsageError([shown(`${file}: holds no ${templateKind}: ${wanted}`), ...others]);
  for (const other of others) terminal.talk(other);
  return templates;
};

const asJson = (kind: string, items: readonly unknown[], apiVersion = 'imagegate.dev/v1alpha1'): string =>
  `${JSON.stringify({ apiVersion, kind, items }, undefined, 2)}\n`;

/** A template that is only not run here makes the same kind of constraints everywhere; a broken one makes none. */
const makesConstraints = ({ problems }: ExplainedTemplate): boolean =>
  problems.every(({ isUnsupported }) => isUnsupported === true);

const crdsText = (crds: readonly object[], output: TextOrJson): string =>
  output === 'json' ? asJson('List', crds, 'v1') : crds.map(yamlText).join('---\n');

const withoutExcerpt = <T extends TemplatePlace>({ excerpt: _excerpt, ...problem }: T): Omit<T, 'excerpt'> =>
  problem;

const explanationsText = (templates: readonly ExplainedTemplate[], output: TextOrJson): string =>
  output === 'json'
    ? asJson(
        'TemplateExplanationList',
        templates.map(({ problems, remarks, ...template }) => ({
          ...template,
          problems: problems.map(withoutExcerpt),
          remarks: remarks.map(withoutExcerpt),
        })),
      )
    : renderTemplates(templates);

/** Explains the templates of a file; exit code 2 when one of them does not run here. */
export const explainTemplates = async (
  path: string,
  { crd = false, output }: ExplainOptions,
  terminal: Terminal,
): Promise<ExitCode> => {
  const { file, text } = await readText(path, terminal);
  const written = templatesIn(file, text, terminal);
  const lines = text.split('\n');
  const templates = written.map((template) => explained(template, lines));
  if (crd) {
    const making = written.filter((_, at) => {
      const template = templates[at];
      return template !== undefined && makesConstraints(template);
    });
    terminal.out(
      crdsText(
        making.map(({ object }) => constraintCrd(object)),
        output,
      ),
    );
    for (const { problems } of templates)
      for (const { line, column, message } of problems)
        terminal.talk(shown(`${file}:${line}:${column}: ${message}`));
  } else terminal.out(explanationsText(templates, output));
  const broken = templates.filter(({ runs }) => !runs).length;
  terminal.talk(`${plural(templates.length, 'template')} read, ${broken} not run here`);
  return broken === 0 ? exitCode.clean : exitCode.usage;
};
