import { dirname, join } from 'node:path';
import { shown } from '../core/text/shown-text.ts';
import { maxRootsLength } from '../core/trust-root/schema.ts';
import { readPolicyFile, type TrustRootDocument } from '../core/trust-root/policy-file.ts';
import { formatProblem, maxPolicyFileBytes } from '../core/policy/load/document.ts';
import {
  contentOf,
  takeSnapshot,
  type TrustRootContent,
  type TrustRootSnapshot,
} from '../evidence/trust/trust-root.ts';
import { shippedRoots } from '../serve/trust-roots.ts';
import type { ConfigOf } from '../config/resolved.ts';
import type { SettingKey } from '../config/settings/settings.ts';
import { readInputText } from './input-file.ts';
import { readPolicies } from './policy-input.ts';
import { UnreachableError, UsageError, valueOrUsage, type Terminal } from './terminal/terminal.ts';

/** Where the trust roots of a command stand. Without any, only those that are shipped count. */
export const trustSettings = ['policies', 'kubeconfig', 'context'] as const satisfies readonly SettingKey[];
type TrustConfig = ConfigOf<(typeof trustSettings)[number]>;

type RootSource = 'shipped' | 'policies' | 'cluster';
export interface FoundRoots {
  readonly roots: readonly { readonly source: RootSource; readonly snapshot: TrustRootSnapshot }[];
  /** Objects of the cluster that cannot be used, each with the cause. */
  readonly broken: readonly string[];
}

const deadline = 15_000;

const readCluster = async (kubeconfig: string, context: string | undefined) => {
  const { clientOrUsage } = await import('./cluster-client.ts');
  const { listTrustRoots } = await import('../adapters/kubernetes/resources/trust-roots.ts');
  const client = await clientOrUsage({ kubeconfig, context, environment: {} });
  try {
    const listed = await listTrustRoots(client, AbortSignal.timeout(deadline));
    if (listed.ok) return listed.value;
    const { status, message } = listed.error;
    if (status === 0) throw new UnreachableError(message);
    throw new UsageError([
      status === 404 ? `${message}; apply the output of imagegate manifests first` : message,
    ]);
  } finally {
    client.close();
  }
};

/** The trust roots as a gate with these settings has them: an object replaces a shipped one of its name. */
export const findRoots = async (
  { policies, kubeconfig, context }: TrustConfig,
  terminal: Pick<Terminal, 'compileExpression'>,
): Promise<FoundRoots> => {
  const inFolder =
    policies.value.length === 0 ? [] : (await readPolicies(policies.value, terminal)).trustRoots;
  const cluster =
    kubeconfig.value === undefined ? undefined : await readCluster(kubeconfig.value, context.value);
  const own = [
    ...inFolder.map((snapshot) => ({ source: 'policies' as const, snapshot })),
    ...(cluster?.roots ?? []).map((snapshot) => ({ source: 'cluster' as const, snapshot })),
  ];
  const broken = cluster?.broken() ?? [];
  const replaced = (name: string): boolean =>
    own.some(({ snapshot }) => snapshot.name === name) || broken.some((text) => text.startsWith(`${name}: `));
  const shipped = shippedRoots
    .filter(({ name }) => !replaced(name))
    .map((snapshot) => ({ source: 'shipped' as const, snapshot }));
  return { roots: [...shipped, ...own], broken };
};

/** A text of two bytes a character is still read whole. */
const maxBytes = Math.max(maxPolicyFileBytes, 4 * maxRootsLength);

const takeOrUsage = (name: string, file: string, content: TrustRootContent): TrustRootSnapshot =>
  valueOrUsage(takeSnapshot({ name }, content), (problems) =>
    problems.map((problem) => shown(`${file}: ${problem}`)),
  );

const fromDocument = async ({ file, trustRoot }: TrustRootDocument): Promise<TrustRootSnapshot> => {
  const { name, spec } = trustRoot;
  const { path, content } = contentOf(trustRoot);
  if (content !== undefined) return takeOrUsage(name, `${file}: ${name}: ${path.join('.')}`, content);
  const named = 'sigstore' in spec && 'file' in spec.sigstore ? spec.sigstore.file : '';
  const beside = join(dirname(file), named);
  return takeOrUsage(name, beside, { kind: 'sigstore', trustedRoot: await readInputText(beside, maxBytes) });
};

const isDocument = (path: string, text: string): boolean =>
  /\.ya?ml$/.test(path) || /"kind"\s{0,8}:\s{0,8}"(?:TrustRoot|List)"/.test(text);

/**
 * The trust roots of a file: TrustRoot objects, a trusted_root.json, the lines of gh, or PEM certificates. What cannot be
 * used gives exit code 2.
 */
export const readRootsFile = async (
  path: string,
  { compileExpression }: Pick<Terminal, 'compileExpression'>,
): Promise<readonly TrustRootSnapshot[]> => {
  const text = await readInputText(path, maxBytes);
  if (text.includes('-----BEGIN ') && !isDocument(path, text))
    return [takeOrUsage(path, path, { kind: 'x509', roots: text })];
  if (!isDocument(path, text)) return [takeOrUsage(path, path, { kind: 'sigstore', trustedRoot: text })];
  const { trustRoots } = valueOrUsage(readPolicyFile(text, path, compileExpression), (problems) =>
    problems.map(formatProblem),
  );
  if (trustRoots.length === 0) throw new UsageError([shown(`${path}: holds no TrustRoot`)]);
  return Promise.all(trustRoots.map(fromDocument));
};
