import { untilAborted } from '../../concurrency/abort.ts';
import { shown, shownName } from '../../core/text/shown-text.ts';
import type { ConfiguredCredential } from '../../evidence/credential/configured.ts';
import { entriesFor, helperFor, type DockerConfig } from '../../evidence/credential/docker-config.ts';
import type { Repository } from '../../evidence/ports.ts';
import type { ConfigFile } from './config-file.ts';
import type { CredentialHelpers } from './credential-helper.ts';

interface FileQuestion {
  readonly repository: Repository;
  readonly signal: AbortSignal;
  /** Absent: helpers are never run. */
  readonly helpers?: CredentialHelpers;
  /** Whether the configuration names the file for this very registry, so that a file without a login is reported. */
  readonly expected: boolean;
}

async function* fromHelper(
  name: string,
  source: string,
  question: FileQuestion,
): AsyncGenerator<ConfiguredCredential> {
  const { repository, signal, helpers } = question;
  const helper = `credential helper ${shown(name)} of ${source}`;
  if (helpers === undefined) {
    const why = 'a gate that serves runs no program: write the credential itself into the file (auths)';
    if (question.expected) yield { state: 'missing', source: helper, why };
    return;
  }
  const fact = await helpers.get(name, repository, signal);
  if (fact.state === 'known') yield { state: 'at-hand', source: helper, secret: fact.value };
  if (fact.state === 'unavailable') yield { state: 'missing', source: helper, why: fact.why.why };
}

function* fromEntries(
  config: DockerConfig,
  source: string,
  repository: Repository,
): Generator<ConfiguredCredential> {
  const entries = entriesFor(config, repository);
  for (const { secret } of entries) {
    if (secret.ok) yield { state: 'at-hand', source, secret: secret.value };
  }
  const broken = entries.find(({ secret }) => !secret.ok);
  if (broken === undefined || broken.secret.ok) return;
  const why = `${broken.secret.error} (its entry for ${shownName(broken.key.shown)})`;
  yield { state: 'missing', source, why };
}

async function* fromConfig(
  config: DockerConfig,
  source: string,
  question: FileQuestion,
): AsyncGenerator<ConfiguredCredential> {
  const { repository } = question;
  // As in Docker and Podman: where a helper is named, an entry in the file itself is older.
  const helper = helperFor(config, repository);
  if (helper !== undefined) yield* fromHelper(helper, source, question);
  if (question.signal.aborted) return;
  yield* fromEntries(config, source, repository);
  if (!question.expected || helper !== undefined || entriesFor(config, repository).length > 0) return;
  const [problem] = config.problems;
  const beside = problem === undefined ? '' : `, and ${problem}`;
  yield {
    state: 'missing',
    source,
    why: `it has no entry for this image${beside}: ${shownName(`${repository.host}/${repository.repository}`)}`,
  };
}

/** The credentials in a docker config file for a repository, best first. */
export async function* fileCredentials(
  file: ConfigFile,
  question: FileQuestion,
): AsyncGenerator<ConfiguredCredential> {
  if (question.signal.aborted) return;
  const source = `docker config ${shown(file.path)}`;
  // A disk of the network may hang.
  const state = await untilAborted(file.current(), question.signal, () => undefined);
  if (state === undefined) {
    yield { state: 'missing', source, why: 'it could not be read within the deadline' };
    return;
  }
  const { config, problem } = state;
  if (config !== undefined) yield* fromConfig(config, source, question);
  if (problem !== undefined) {
    const why = config === undefined ? problem : `${problem}; what it held before stays in use`;
    yield { state: 'missing', source, why };
  } else if (config === undefined && question.expected) {
    yield { state: 'missing', source, why: 'there is no such file' };
  }
}
