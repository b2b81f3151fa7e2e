import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { version } from '../../src/config/version.ts';
import { bin, folderWith, imagegate, startProgram } from './imagegate.ts';

/** Every command and subcommand, as its `Usage` line names it; read from the help texts themselves. */
const subcommandsOf = (help: string): readonly string[] => {
  const [, list = ''] = /\nCommands:\n((?: {2}.*\n)+)/.exec(help) ?? [];
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
};

describe('--help', () => {
  test('of every command and subcommand exits 0, names its flags and has an example that begins with it', async () => {
    const faults: string[] = [];
    const visit = async (path: readonly string[]): Promise<void> => {
      const { code, stdout, stderr } = await imagegate([...path, '--help']);
      const name = ['imagegate', ...path].join(' ');
      if (code !== 0 || stderr !== '') faults.push(`${name}: ${code} ${stderr}`);
      if (!stdout.startsWith(`Usage: ${name} `)) faults.push(`${name}: no usage`);
      const [, examples = ''] = /\nExamples?:\n((?: {2}.*\n)+)/.exec(stdout) ?? [];
      if (!examples.includes(name)) faults.push(`${name}: no example`);
      await Promise.all(subcommandsOf(stdout).map((child) => visit([...path, child])));
    };
    await visit([]);
    expect(faults).toEqual([]);
  });

  test('of imagegate lists every command', async () => {
    expect(subcommandsOf((await imagegate(['--help'])).stdout)).toEqual(commands.map(({ name }) => name));
  });

  test('`help check manifest` is `check manifest --help`', async () => {
    const [first, second] = await Promise.all([
      imagegate(['help', 'check', 'manifest']),
      imagegate(['check', 'manifest', '--help']),
    ]);
    expect(first).toEqual(second);
  });

  test('without a command: the help on stderr and exit code 2', async () => {
    const [none, check] = await Promise.all([imagegate([]), imagegate(['check'])]);
    for (const ended of [none, check]) {
      expect(ended).toMatchObject({ code: 2, stdout: '' });
      expect(ended.stderr).toMatch(/^Usage: imagegate /);
    }
  });
});

describe('what is misspelt is refused with a suggestion: exit code 2, one sentence', () => {
  test.each([
    ['a command', ['chekc'], 'imagegate: there is no command "chekc"; did you mean check?\n'],
    [
      'a command that is far from any',
      ['frobnicate'],
      'imagegate: there is no command "frobnicate"; the commands are serve, check, policy, registry, trust, advisories, scan, decisions, explain, verify, verify-bundle, manifests, completion, version\n',
    ],
    [
      'a command after help',
      ['help', 'serv'],
      'imagegate: there is no command "serv"; did you mean serve?\n',
    ],
    ['a subcommand', ['check', 'manifst'], "imagegate: unknown command 'manifst'; did you mean manifest?\n"],
    [
      'a flag',
      ['check', 'manifest', '--polices', 'p'],
      "imagegate: unknown option '--polices'; did you mean --policies?\n",
    ],
    [
      'a flag of the program',
      ['--versoin'],
      "imagegate: unknown option '--versoin'; did you mean --version?\n",
    ],
    [
      'a shell',
      ['completion', 'bsh'],
      "imagegate: command-argument value 'bsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.\n",
    ],
    [
      'a word too many',
      ['version', 'please'],
      "imagegate: too many arguments for 'version'. Expected 0 arguments but got 1: please.\n",
    ],
    [
      'a kind of manifests',
      ['manifests'],
      'imagegate: give exactly one of --url, --image, --webhooks, --gatekeeper-crds or --delete',
    ],
    ['a URL', ['manifests', '--url', 'http://gate'], 'write for example https://gate.example.com:8443\n'],
    [
      'an image without digest',
      ['manifests', '--image', 'nginx'],
      'write REGISTRY/REPOSITORY@sha256:DIGEST\n',
    ],
  ])('%s', async (_title, args, sentence) => {
    const ended = await imagegate(args, { cwd: folderWith() });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('version', () => {
  test('prints the version of package.json and the Node that runs it', async () => {
    const [long, flag, short] = await Promise.all([
      imagegate(['version']),
      imagegate(['--version']),
      imagegate(['-V']),
    ]);
    expect(long.stdout).toBe(
      `imagegate ${version} (node ${process.versions.node}, ${process.platform} ${process.arch})\n`,
    );
    expect(flag.stdout).toBe(`${version}\n`);
    expect(short.stdout).toBe(`${version}\n`);
  });

  test('starts fast: it takes less than 3 times the CPU time of a bare node (the budget of 120 ms is the bench’s)', async () => {
    const atExit = 'process.on("exit", () => process.stderr.write(JSON.stringify(process.cpuUsage())))';
    const reporting = ['--import', `data:text/javascript,${encodeURIComponent(atExit)}`];
    const time = async (args: readonly string[]): Promise<number> => {
      const { stderr } = await startProgram(process.execPath, [...reporting, ...args]).ended;
      const { user, system } = JSON.parse(stderr) as { readonly user: number; readonly system: number };
      return (user + system) / 1000;
    };
    const ours: number[] = [];
    const bare: number[] = [];
    // In turns, so that a busy machine is busy for both.
    for (let round = 0; round < 7; round++) {
      bare.push(await time(['-e', '0']));
      ours.push(await time([bin, 'version']));
    }
    // The cheapest run is the one that the rest of the machine disturbed least.
    const [fastest, reference] = [Math.min(...ours), Math.min(...bare)];
    const figures = `imagegate version: ${fastest.toFixed(0)} ms of CPU; node -e 0: ${reference.toFixed(0)} ms`;
    console.log(figures);
    const isFast = fastest < 3 * reference;
    expect({ figures, isFast }).toEqual({ figures, isFast: true });
  });
});

describe('completion', () => {
  const complete = async (line: string): Promise<readonly string[]> => {
    const script = `
set -e
eval "$("$1" "$2" completion bash)"
COMP_WORDS=(${line
      .split(' ')
      .map((word) => `'${word}'`)
      .join(' ')})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_imagegate || true
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const ended = await startProgram('bash', ['-c', script, 'bash', process.execPath, bin]).ended;
    if (ended.code !== 0) throw new Error(ended.stderr);
    return ended.stdout.trim().split('\n');
  };

  test('the bash script is valid bash', async () => {
    const { stdout } = await imagegate(['completion', 'bash']);
    const checked = await startProgram('bash', ['-n'], { input: stdout }).ended;
    expect(checked).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['a command', 'imagegate ch', ['check']],
    ['a subcommand', 'imagegate check m', ['manifest']],
    ['what can be judged', 'imagegate check i', ['image']],
    ['a subcommand of two words', 'imagegate registry log', ['login-test']],
    ['a flag of it', 'imagegate registry login-test --repo', ['--repository']],
    ['a flag that one sibling has alone', 'imagegate check manifest --pi', ['--pin']],
    ['a flag of a subcommand', 'imagegate check manifest --name', ['--namespace', '--namespace-labels']],
    ['a flag behind other flags', 'imagegate serve --data d --print', ['--print-config']],
    ['a reason code', 'imagegate explain registry-', ['registry-not-allowed', 'registry-denied']],
    ['a flag that is to come, which is not offered', 'imagegate verify --km', ['']],
    [
      'a flag of a command whose name begins another',
      'imagegate verify --certificate-o',
      ['--certificate-oidc-issuer'],
    ],
    ['a shell', 'imagegate completion b', ['bash']],
    ['a file name, which the shell itself offers', 'imagegate check manifest -f some-file', ['']],
  ])('bash offers %s', async (_title, line, words) => {
    expect(await complete(line)).toEqual(words);
  });

  test('bash offers all commands, and each has its words in the scripts of all shells', async () => {
    expect(await complete('imagegate ')).toEqual([
      ...commands.map(({ name }) => name),
      '--help',
      '--version',
    ]);
    const scripts = await Promise.all(
      ['bash', 'zsh', 'fish'].map((shell) => imagegate(['completion', shell])),
    );
    for (const { code, stdout } of scripts) {
      expect(code).toBe(0);
      for (const { name } of commands) expect(stdout).toContain(name);
      expect(stdout).toContain('--namespace-labels');
    }
    expect(scripts[1]?.stdout).toMatch(/^#compdef imagegate\n/);
  });
});
