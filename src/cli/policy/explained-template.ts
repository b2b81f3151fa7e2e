import type { ManifestObject } from '../../core/workload/manifest.ts';
import type { TemplateProblem } from '../../languages/gatekeeper/constraint-template.ts';
import {
  explainTemplate,
  type TemplateExplanation,
} from '../../languages/gatekeeper/explain/explain-template.ts';
import { placeOfProblem, type TemplatePlace } from '../../languages/gatekeeper/template-place.ts';

/** A problem or a remark with its place in the file. */
type Placed<T extends TemplateProblem> = T & TemplatePlace;

/** A template of a file, explained. */
export interface ExplainedTemplate extends Omit<TemplateExplanation, 'problems' | 'remarks'> {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly problems: readonly Placed<TemplateProblem>[];
  readonly remarks: readonly Placed<TemplateExplanation['remarks'][number]>[];
}

/** Explains a template, with places in the lines that it was read from. */
export const explained = (template: ManifestObject, lines: readonly string[]): ExplainedTemplate => {
  const { file, line, column, object, places, source } = template;
  const placed = <T extends TemplateProblem>(problem: T): Placed<T> => ({
    ...problem,
    ...placeOfProblem(problem, { lines, places, source }),
  });
  const { problems, remarks, ...explanation } = explainTemplate(object);
  return {
    file,
    line,
    column,
    ...explanation,
    problems: problems.map(placed),
    remarks: remarks.map(placed),
  };
};
