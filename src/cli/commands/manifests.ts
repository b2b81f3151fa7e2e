import { join } from 'node:path';
import { Command } from 'commander';
import { selfSignedCertificates } from '../../adapters/certificate/self-signed.ts';
import { gatekeeperCrds } from '../../install/gatekeeper-crds.ts';
import { printManifests } from '../../install/manifest.ts';
import { inClusterManifests, inClusterWebhooks, outOfClusterManifests } from '../../install/installation.ts';
import { printRemoval } from '../../install/removal.ts';
import type { ConstraintAccess } from '../../install/rbac.ts';
import { parsePullSecretAccess } from '../../install/pull-secret-access.ts';
import { parseGateImage, parseGateNamespace, parseWebhookUrl } from '../../install/target.ts';
import type { Flags } from '../../config/resolve.ts';
import type { SettingKey } from '../../config/settings/settings.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { CommandModule } from '../command-module.ts';
import { configurationOf, gateSettings } from '../gate-configuration.ts';
import { addSettingFlags, readSettings } from '../setting-flags.ts';
import { UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';

const manifestSettings = [
  ...gateSettings,
  'data',
  'kubeconfig',
  'context',
] as const satisfies readonly SettingKey[];

interface ManifestFlags extends Flags {
  readonly url?: string;
  readonly image?: string;
  readonly namespace: string;
  readonly pullSecrets: string;
  readonly webhooks?: true;
  readonly constraintCrds?: true;
  readonly gatekeeperCrds?: true;
  readonly delete?: true;
}

/** The CA that the API server is to trust: made under `--data` when it is missing, so that `serve` uses the same. */
const caBundleOf = async (data: string, url: string, terminal: Terminal): Promise<string> => {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const opened = await selfSignedCertificates({
    dir: join(data, 'tls'),
    names: [],
    rememberNames: [host],
    clock: Date,
    onProblem: (problem) => terminal.talk(`imagegate: ${problem}`),
  });
  const certificates = valueOrUsage(opened, (why) => why);
  const { ca } = certificates.current();
  certificates.close();
  if (ca === undefined) throw new UsageError([`${data}/tls holds no CA`]);
  return ca;
};

const kinds = 'one of --url, --image, --webhooks, --gatekeeper-crds or --delete';

/** With `--url` prints the removal of a gate outside of the cluster, which has no namespace. */
const printRemovalOf = (flags: ManifestFlags, terminal: Terminal): void => {
  if (flags.image !== undefined || flags.webhooks !== undefined) {
    throw new UsageError([
      '--delete takes everything away: give it alone, or with --url for a gate outside of the cluster',
    ]);
  }
  const { kubeconfig, context } = readSettings(manifestSettings, flags, terminal);
  const where = { kubeconfig: kubeconfig.value, context: context.value };
  if (flags.url === undefined) {
    const namespace = valueOrUsage(parseGateNamespace(flags.namespace), (why) => why);
    return terminal.out(printRemoval({ ...where, namespace }));
  }
  valueOrUsage(parseWebhookUrl(flags.url), (why) => why);
  terminal.out(printRemoval(where));
};

/** Only a gate that keeps CRDs is given the right to write them. */
const constraintAccess = (mode: ConstraintAccess['mode'], flags: ManifestFlags): ConstraintAccess => {
  const crds = flags.constraintCrds === true;
  if (crds && mode !== 'enforce')
    throw new UsageError([
      '--constraint-crds is of use only with --constraints enforce: only then does the gate make CRDs',
    ]);
  return { mode, crds };
};

const printWanted = async (flags: ManifestFlags, terminal: Terminal): Promise<void> => {
  const { url, image, webhooks } = flags;
  if (flags.delete === true) return printRemovalOf(flags, terminal);
  if ([url, image, webhooks, flags.gatekeeperCrds].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError([
      `give exactly ${kinds}: a gate outside of the cluster, one inside of it, its webhook configurations, the kinds of Gatekeeper, or the way out`,
    ]);
  }
  if (flags.gatekeeperCrds === true) return terminal.out(printManifests(gatekeeperCrds()));
  const pullSecrets = valueOrUsage(parsePullSecretAccess(flags.pullSecrets), (why) => why);
  const config = readSettings(manifestSettings, flags, terminal);
  const bootstrapNamespaces = config.bootstrapNamespaces.value;
  const webhookName = config.webhookName.value;
  const constraints = constraintAccess(config.constraints.value, flags);
  const workloads = createWorkloadTable(config.workloads.value).all;
  if (url !== undefined) {
    const parsed = valueOrUsage(parseWebhookUrl(url), (why) => why);
    const caBundle = await caBundleOf(config.data.value, parsed, terminal);
    const webhooks = { caBundle, workloads, bootstrapNamespaces, webhookName };
    const options = { url: parsed, ...webhooks, pullSecrets, constraints };
    terminal.out(printManifests(outOfClusterManifests(options)));
    return;
  }
  const namespace = valueOrUsage(parseGateNamespace(flags.namespace), (why) => why);
  if (image !== undefined) {
    const parsed = valueOrUsage(parseGateImage(image), (why) => why);
    const options = { image: parsed, namespace, pullSecrets, constraints };
    const given = { bootstrapNamespaces, configuration: configurationOf(config) };
    terminal.out(printManifests(inClusterManifests({ ...options, ...given })));
    return;
  }
  const { readyGateCa } = await import('../ready-gate.ts');
  const caBundle = await readyGateCa(namespace, config.kubeconfig.value, config.context.value);
  terminal.out(
    printManifests(
      inClusterWebhooks({
        namespace,
        caBundle,
        workloads,
        bootstrapNamespaces,
        webhookName,
        guardsConstraints: constraints.mode === 'enforce',
        hasDoors: constraints.mode !== 'off',
      }),
    ),
  );
};

const examples = `
Examples:
  imagegate manifests --url https://gate.example.com:8443 --data ./gate | kubectl apply -f -
  imagegate manifests --image registry.example.com/imagegate@sha256:… | kubectl apply -f -
  imagegate manifests --image registry.example.com/imagegate@sha256:… --pull-secrets shop,bank | kubectl apply -f -
  imagegate manifests --webhooks | kubectl apply -f -      # once a replica is ready
  imagegate manifests --delete                             # read it, then: | sh -e`;

export const command: CommandModule['command'] = (terminal) => {
  const manifests = new Command('manifests')
    .description('Prints what a cluster needs to use the gate, ready for kubectl apply -f -.')
    .option('--url <url>', 'for a gate outside of the cluster: where the API server finds it (https)')
    .option(
      '--image <ref@digest>',
      'for a gate inside of the cluster: the image of imagegate, named by digest',
    )
    .option(
      '--webhooks',
      'the webhook configurations for a gate inside of the cluster; refused while no replica is ready',
    )
    .option(
      '--constraint-crds',
      'with --constraints enforce: the right to make and change CRDs, for the kinds of constraints',
    )
    .option(
      '--gatekeeper-crds',
      'the kinds of Gatekeeper that the gate reads (ConstraintTemplate, Config), for a cluster that does not have them',
    )
    .option(
      '--delete',
      'the commands that take the gate away again, in the order that never blocks; with --url for a gate outside of the cluster',
    )
    .option('--namespace <name>', 'the namespace of a gate inside of the cluster', 'imagegate-system')
    .option(
      '--pull-secrets <who>',
      'Secrets the gate may read to ask registries as the kubelet does: none, all, or those of the namespaces listed (shop,bank)',
      'none',
    )
    .addHelpText('after', examples);
  return addSettingFlags(manifests, manifestSettings).action((flags: ManifestFlags) =>
    printWanted(flags, terminal),
  );
};
