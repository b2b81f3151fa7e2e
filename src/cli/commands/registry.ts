import { Command } from 'commander';
import type { Flags } from '../../config/resolve.ts';
import { parseReference } from '../../core/image/reference.ts';
import { shown } from '../../core/text/shown-text.ts';
import { textOrJsonOption, type TextOrJson } from '../terminal/choice.ts';
import type { CommandModule } from '../command-module.ts';
import type { ExitCode } from '../terminal/exit-code.ts';
import type { LoginTarget } from '../login-test.ts';
import { registrySettings, addSettingFlags, readSettings } from '../setting-flags.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

interface LoginFlags {
  readonly output: TextOrJson;
  readonly repository?: string;
  readonly pullSecret?: string;
}

/** A host as image references name it; any repository of it will do to read it. */
const anyRepository = 'any/image';

const hint = 'write for example registry.example.com:5000, without https:// and without a path';

const targetOf = (host: string, repository: string | undefined): LoginTarget => {
  const alone = parseReference(`${host}/${anyRepository}`);
  const isHost = alone.ok && alone.value.hostWritten && alone.value.repository === anyRepository;
  if (!isHost) throw new UsageError([shown(`'${host}' is no host of a registry; ${hint}`)]);
  if (repository === undefined) return { reference: alone.value, asksForImage: false };
  const image = parseReference(`${host}/${repository}`);
  if (image.ok) return { reference: image.value, asksForImage: true };
  throw new UsageError([
    shown(`--repository '${repository}': ${image.error.why}; write for example team/web or team/web:1.4.2`),
  ]);
};

const test = async (host: string, flags: LoginFlags & Flags, terminal: Terminal): Promise<ExitCode> => {
  const { output, repository, pullSecret, ...rest } = flags;
  const named = targetOf(host, repository);
  const config = readSettings(registrySettings, rest, terminal);
  const { testLogin, loginExitCode } = await import('../login-test.ts');
  const { renderLogin } = await import('../render/login-text.ts');
  const { readPullSecretFile } = await import('../pull-secret-input.ts');
  const target = pullSecret === undefined ? named : { ...named, pullSecret: readPullSecretFile(pullSecret) };
  const report = await testLogin(config, target);
  terminal.out(output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : renderLogin(report));
  return loginExitCode(report);
};

const examples = `
Examples:
  imagegate registry login-test registry.example.com
  imagegate registry login-test registry.example.com:5000 --repository team/web:1.4.2 --config imagegate.yaml
  imagegate registry login-test registry.example.com --repository team/web --pull-secret regcred.yaml

Exit codes: 0 a login works, or there is none and the registry wants none, 1 no login works,
  4 the host cannot be asked`;

const loginTest = (terminal: Terminal, done: (code: number) => void): Command => {
  const command = new Command('login-test')
    .summary('try every credential for a registry and say what became of each')
    .description(
      'Tries every credential that check would try for a registry, in the same order: the dockerConfigFile of its row, your logins of docker and podman with their helpers, cloud identities that are switched on, nothing. The pull secrets of Pods, which serve reads, are not at hand here: --pull-secret tries one instead. No secret is shown.',
    )
    .argument('<host>', 'the registry as image references name it, with its port')
    .option(
      '--repository <repository>',
      'Ask for an image, as a pull does: REPOSITORY, with :TAG or @DIGEST unless it is latest.',
    )
    .option(
      '--pull-secret <file>',
      'Try this pull secret (a Secret manifest, as kubectl get secret -o yaml prints it) and no other login.',
    )
    .addOption(textOrJsonOption())
    .addHelpText('after', examples);
  return addSettingFlags(command, registrySettings).action(async (host: string, flags: LoginFlags & Flags) =>
    done(await test(host, flags, terminal)),
  );
};

export const command: CommandModule['command'] = (terminal, done) =>
  new Command('registry')
    .description('Looks at how registries are reached.')
    .addHelpText('after', '\nExample:\n  imagegate registry login-test registry.example.com')
    .addCommand(loginTest(terminal, done));
