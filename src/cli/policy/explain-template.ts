import { shown } from '../../core/text/shown-text.ts';
import { findLostIndentation } from '../../core/text/yaml/lost-indentation.ts';
import { readManifestObjects, type ManifestObject } from '../../core/workload/manifest.ts';
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

/** The templates of a text, those in Lists as well. */
const templatesIn = (file: string, text: string, terminal: Terminal): readonly ManifestObject[] => {
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
  const { objects } = read.value;
  const templates = objects.filter(({ kind }) => kind === 'ConstraintTemplate');
  if (templates.length === 0) throw new UsageError([shown(`${file}: holds no ConstraintTemplate`)]);
  for (const { kind, line } of objects)
    if (kind !== 'ConstraintTemplate')
      terminal.talk(shown(`${file}:${line}: a ${kind} is no ConstraintTemplate: left out`));
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
