import { Command } from 'commander';
import { lintPolicies } from '../../core/policy/lint.ts';
import type { CommandModule } from '../commands.ts';
import { readPolicies } from '../policy-input.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../terminal.ts';

const gather = (path: string, earlier: readonly string[]): readonly string[] => [...earlier, path];

interface LintOptions {
  readonly policies: readonly string[];
  readonly output: string;
}

const lint = async (paths: readonly string[], output: string, terminal: Terminal): Promise<void> => {
  if (output !== 'text' && output !== 'json') throw new UsageError([`-o ${output}: use text or json`]);
  const loaded = await readPolicies(paths);
  const remarks = lintPolicies(loaded.policies);
  if (output === 'json')
    terminal.out(`${JSON.stringify({ policies: loaded.policies.length, remarks }, undefined, 2)}\n`);
  else for (const { policy, path, message } of remarks) terminal.out(`${policy}: ${path}: ${message}\n`);
  const count = `${loaded.policies.length} ${loaded.policies.length === 1 ? 'policy' : 'policies'}`;
  terminal.talk(`${count} read, ${remarks.length} ${remarks.length === 1 ? 'warning' : 'warnings'}`);
};

export const command: CommandModule['command'] = (terminal) =>
  new Command('policy')
    .description('Works on policies.')
    .addHelpText('after', '\nExample:\n  imagegate policy lint policies/')
    .addCommand(
      new Command('lint')
        .summary('read policies and say what is wrong or wider than it looks')
        .description(
          'Reads policies: mistakes end with exit code 2, things that are wider than they look are warnings (exit code 0).',
        )
        .argument('[paths...]', 'folders or files with policies')
        .option('--policies <path>', 'folder or file with policies; repeatable', gather, [])
        .option('-o, --output <format>', 'text|json', 'text')
        .addHelpText('after', '\nExample:\n  imagegate policy lint examples/policies/trusted-registries')
        .action((paths: readonly string[], { policies, output }: LintOptions) =>
          lint([...paths, ...policies], output, terminal),
        ),
    );
