import { Argument, Command } from 'commander';
import { findingCodes, skipCodes } from '../../core/reasons/reason.ts';
import type { CommandEntry, CommandModule } from '../command-module.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `check manifest` → its flags; the empty path → the names of the commands. */
type Words = ReadonlyMap<string, readonly string[]>;

const collect = (command: Command, path: string, into: Map<string, readonly string[]>): void => {
  const flags = command.options
    .filter((option) => !option.hidden)
    .map((option) => option.long ?? option.short ?? '');
  into.set(path, [...command.commands.map((child) => child.name()), ...flags, '--help']);
  for (const child of command.commands) collect(child, `${path} ${child.name()}`.trim(), into);
};

const allWords = async (terminal: Terminal, commands: readonly CommandEntry[]): Promise<Words> => {
  const words = new Map<string, readonly string[]>([
    ['', [...commands.map(({ name }) => name), '--help', '--version']],
  ]);
  for (const entry of commands) {
    if (entry.name === 'completion') words.set('completion', ['bash', 'zsh', 'fish', '--help']);
    else
      collect(
        (await entry.load()).command(terminal, () => undefined, commands),
        entry.name,
        words,
      );
  }
  words.set('explain', [...new Set([...findingCodes, ...skipCodes]), ...(words.get('explain') ?? [])]);
  return words;
};

/** The path of commands typed so far, in shell: words that are flags or values are passed over. */
const bash = (words: Words): string => `# bash completion for imagegate: source <(imagegate completion bash)
_imagegate() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${[...words.keys()]
  .filter((path) => path !== '')
  .map((path) => `      "${path.includes(' ') ? path : ` ${path}`}") path="${path}" ;;`)
  .join('\n')}
    esac
  done
  local choices=""
  case "$path" in
${[...words].map(([path, choices]) => `    "${path}") choices="${choices.join(' ')}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$choices" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
# Where no word of ours fits, the shell offers files.
complete -o bashdefault -o default -F _imagegate imagegate
`;

const zsh = (words: Words): string =>
  `#compdef imagegate\n# zsh completion for imagegate: source <(imagegate completion zsh)\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;

const fish = (words: Words): string =>
  `# fish completion for imagegate: imagegate completion fish | source\n${[...words]
    .map(([path, choices]) => {
      const condition =
        path === ''
          ? '__fish_use_subcommand'
          : path
              .split(' ')
              .map((word) => `__fish_seen_subcommand_from ${word}`)
              .join('; and ');
      return `complete -c imagegate -n '${condition}' -a '${choices.join(' ')}'`;
    })
    .join('\n')}\n`;

const shells = { bash, zsh, fish };

export const command: CommandModule['command'] = (terminal, _done, commands) =>
  new Command('completion')
    .description('Prints a completion script.')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .addHelpText('after', '\nExample:\n  source <(imagegate completion bash)')
    .action(async (shell: keyof typeof shells) => {
      terminal.out(shells[shell](await allWords(terminal, commands)));
    });
