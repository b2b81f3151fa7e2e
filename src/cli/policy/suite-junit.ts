import { shown } from '../../core/text/shown-text.ts';
import type { SuiteOutcome } from '../../languages/gatekeeper/suite/run-suite.ts';
import { escapeXml } from '../render/junit.ts';

/** What came of one case, with the file of its suite. */
export interface SuiteResult extends SuiteOutcome {
  readonly suite: string;
}

const elements = { failed: 'failure', unreadable: 'error' } as const;

const came = ({ status, message = '' }: SuiteResult): string => {
  if (status === 'passed') return '';
  if (status === 'skipped') return '\n      <skipped/>\n    ';
  const text = escapeXml(shown(message));
  return `\n      <${elements[status]} message="${text}"/>\n    `;
};

const caseOf = (result: SuiteResult): string => {
  const { suite, test, case: name } = result;
  const [title, group] = [name ?? test, name === undefined ? 'imagegate' : test].map((text) =>
    escapeXml(shown(text)),
  );
  return `    <testcase name="${title}" classname="${group}" file="${escapeXml(suite)}">${came(result)}</testcase>\n`;
};

/** JUnit XML: one suite a file, one case each of its cases. */
export function* renderSuiteJunit(results: readonly SuiteResult[]): Iterable<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n';
  for (const [file, items] of Map.groupBy(results, ({ suite }) => suite)) {
    const count = (wanted: SuiteResult['status']): number =>
      items.filter(({ status }) => status === wanted).length;
    yield `  <testsuite name="${escapeXml(file)}" tests="${items.length}" failures="${count('failed')}" errors="${count('unreadable')}" skipped="${count('skipped')}">\n`;
    for (const item of items) yield caseOf(item);
    yield '  </testsuite>\n';
  }
  yield '</testsuites>\n';
}
