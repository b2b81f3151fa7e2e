import { Command, Option } from 'commander';
import type { Flags } from '../../config/resolve.ts';
import type { SettingKey } from '../../config/settings/settings.ts';
import { shown } from '../../core/text/shown-text.ts';
import { formatProblem, type WrittenObject } from '../../core/policy/load/document.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { lintPolicies, type LintRemark } from '../../core/policy/lint/lint.ts';
import type { Place } from '../../core/text/parsed-text.ts';
import { lintTrustRoots } from '../../core/trust-root/lint.ts';
import type { PolicyFileSet } from '../../adapters/policy-files/read-set.ts';
import { formatOption } from '../check/outputs.ts';
import { oneOf, textOrJsonOption, type TextOrJson } from '../terminal/choice.ts';
import type { CommandModule } from '../command-module.ts';
import type { ExplainOptions } from '../policy/explain-template.ts';
import type { TestOptions } from '../policy/test-suites.ts';
import { readPolicies } from '../policy-input.ts';
import { plural } from '../../core/text/plural.ts';
import { addSettingFlags, readSettings } from '../setting-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';

const lintSettings = ['policies'] as const satisfies readonly SettingKey[];

/** A remark with its place, as editors and CI systems read it: `policies/a.yaml:12:9`. */
const placed = <R extends Pick<LintRemark, 'path'>>(
  remark: R,
  document: WrittenObject | undefined,
): R & Partial<Place & { readonly file: string }> => {
  if (document === undefined) return remark;
  const { line, column } = document.locate(remark.path);
  return { file: document.file, line, column, ...remark };
};

const remarksOn = ({ policies, documents, rootDocuments, constraintRemarks }: PolicyFileSet) => {
  const policyOf = (name: string) => documents.find(({ policy }) => policy.metadata.name === name);
  const rootOf = (name: string) => rootDocuments.find(({ trustRoot }) => trustRoot.name === name);
  const roots = rootDocuments.map(({ trustRoot }) => trustRoot.name);
  return [
    ...lintPolicies(policies, systemClock.now()).map((remark) => placed(remark, policyOf(remark.policy))),
    ...lintTrustRoots(roots, policies).map((remark) => placed(remark, rootOf(remark.trustRoot))),
    ...constraintRemarks,
  ];
};

const textOf = (remark: ReturnType<typeof remarksOn>[number]): string => {
  if (!('policy' in remark) && !('trustRoot' in remark)) return formatProblem(remark);
  const { file, line = 1, column = 1 } = remark;
  const place = file === undefined ? '' : `${file}:${line}:${column}: `;
  const name = 'policy' in remark ? remark.policy : `trust root ${remark.trustRoot}`;
  return shown(`${place}${name}: ${remark.message}`);
};

const lint = async (paths: readonly string[], output: TextOrJson, terminal: Terminal) => {
  const loaded = await readPolicies(paths, terminal);
  const remarks = remarksOn(loaded);
  const summary = { policies: loaded.policies.length, remarks };
  if (output === 'json') terminal.out(`${JSON.stringify(summary, undefined, 2)}\n`);
  else for (const remark of remarks) terminal.out(`${textOf(remark)}\n`);
  const constraints = loaded.constraints?.isEmpty === false ? ' and constraints of Gatekeeper' : '';
  terminal.talk(
    `${plural(summary.policies, 'policy', 'policies')}${constraints} read, ${plural(remarks.length, 'warning')}`,
  );
};

const lintCommand = (terminal: Terminal): Command => {
  const command = new Command('lint')
    .summary('read policies and say what is wrong or wider than it looks')
    .description(
      'Reads policies: mistakes end with exit code 2, things that are wider than they look are warnings (exit code 0).',
    )
    .argument('[paths...]', 'folders or files with policies')
    .addOption(textOrJsonOption())
    .addHelpText('after', '\nExample:\n  imagegate policy lint examples/policies/trusted-registries');
  return addSettingFlags(command, lintSettings, {
    policies: 'Folder or file with policies, as for the other commands; repeatable.',
  }).action(
    async (paths: readonly string[], { output, ...flags }: { readonly output: TextOrJson } & Flags) => {
      const { policies } = readSettings(lintSettings, flags, terminal);
      const given = paths.length > 0 && policies.origin.kind !== 'flag' ? [] : policies.value;
      await lint([...new Set([...paths, ...given])], output, terminal);
    },
  );
};

const explainTemplateCommand = (terminal: Terminal, done: (code: number) => void): Command =>
  new Command('explain-template')
    .summary("say what Gatekeeper's templates do, read and miss, and which do not run here")
    .description(
      'Explains ConstraintTemplates of Gatekeeper: engine, builtins, what they read, parameters, what they do not see, and each thing that keeps one from running here, with its line. Exit code 2 when one does not run.',
    )
    .argument('<file>', 'a file with templates or a List of them, or - for standard input')
    .option('--crd', 'Print the CRDs of the constraints, as Gatekeeper makes them.')
    .addOption(textOrJsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  imagegate policy explain-template examples/gatekeeper/document-004/template.yaml\n  kubectl get constrainttemplates -o yaml | imagegate policy explain-template -',
    )
    .action(async (path: string, options: ExplainOptions) => {
      const { explainTemplates } = await import('../policy/explain-template.ts');
      done(await explainTemplates(path, options, terminal));
    });

const testCommand = (terminal: Terminal, done: (code: number) => void): Command =>
  new Command('test')
    .summary("run suites of tests for Gatekeeper's templates and constraints")
    .description(
      'Runs suites of tests (test.gatekeeper.sh), as gator verify does: each case gives an object to a template and a constraint, and says what has to come of it. Exit codes: 0 all passed, 1 a case failed, 2 a suite or a file that it names cannot be read or run.',
    )
    .argument('<paths...>', 'suites, or folders that hold some, also deep below')
    .option('--run <re>', 'Only tests and cases whose name this matches; TEST//CASE asks for both.', '')
    .addOption(
      new Option('--engine <name>', 'What evaluates the templates.')
        .argParser((text) => oneOf('--engine', text, ['rego']))
        .default('rego'),
    )
    .addOption(formatOption(['table', 'json', 'junit']))
    .addHelpText(
      'after',
      '\nExamples:\n  imagegate policy test examples/gatekeeper\n  imagegate policy test library/ --run "required-labels//missing" -o junit=results.xml',
    )
    .action(async (paths: readonly string[], options: TestOptions) => {
      const { testSuites } = await import('../policy/test-suites.ts');
      done(await testSuites(paths, options, terminal));
    });

export const command: CommandModule['command'] = (terminal, done) =>
  new Command('policy')
    .description('Works on policies.')
    .addHelpText('after', '\nExample:\n  imagegate policy lint policies/')
    .addCommand(lintCommand(terminal))
    .addCommand(explainTemplateCommand(terminal, done))
    .addCommand(testCommand(terminal, done));
