import { customResources } from './installation.ts';
import { doorNames } from './doors/door-configuration.ts';
import { objectNames, shellQuoted } from './manifest.ts';

interface RemovalOptions {
  /** Where a gate inside of the cluster lives; absent for one outside. */
  readonly namespace?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** A word of a shell that means itself. */
const word = (text: string): string => (/^[\w./:@=,+-]{1,4096}$/.test(text) ? text : shellQuoted(text));

const flag = (name: string, value: string | undefined): string =>
  value === undefined ? '' : ` --${name}=${word(value)}`;

interface Step {
  readonly why: string;
  /** What follows `kubectl delete`. */
  readonly deletes: readonly string[];
}

/** With its group: Flux and OpenShift have image policies of their own, and kubectl takes the one that it finds first. */
const kinds = customResources().map(({ object }) => object.metadata.name);

/**
 * In the order that never blocks: first what the API server asks before it lets anything in, because from the moment the
 * gate is gone it would refuse everything; the gate itself last.
 */
const steps = (kubectl: string, namespace: string | undefined): readonly Step[] => [
  {
    why: 'The API server asks the gate no longer: from here on every image starts, and nothing waits for the gate.',
    deletes: [
      `mutatingwebhookconfiguration ${objectNames.gate}`,
      `validatingwebhookconfiguration ${objectNames.gate}`,
      ...doorNames.map((name) => `validatingwebhookconfiguration ${name}`),
    ],
  },
  ...(namespace === undefined
    ? []
    : [
        {
          why: 'The fence around the namespace of the gate: its binding first, or Pods there would still be asked about.',
          deletes: [
            `validatingadmissionpolicybinding ${objectNames.fence}`,
            `validatingadmissionpolicy ${objectNames.fence}`,
          ],
        },
      ]),
  {
    why: 'What the gate was allowed to do, in every namespace whose pull secrets it was given.',
    deletes: [
      ...[objectNames.gate, objectNames.pullSecrets].flatMap((name) => [
        `clusterrolebinding ${name}`,
        `clusterrole ${name}`,
      ]),
      ...['rolebindings', 'roles'].map(
        (kind) => `${kind} --all-namespaces --field-selector=metadata.name=${objectNames.pullSecrets}`,
      ),
    ],
  },
  {
    why:
      'WARNING: every ImagePolicy and every TrustRoot of the cluster goes with its definition. To keep them, stop here ' +
      `and write them to a file first: ${kubectl} get ${kinds.join()} -o yaml > imagegate.yaml`,
    deletes: kinds.map((name) => `customresourcedefinition ${name}`),
  },
  ...(namespace === undefined
    ? []
    : [
        {
          why: 'The gate itself, with its CA, its record and all else in its namespace.',
          deletes: [`namespace ${namespace}`],
        },
      ]),
];

/** `manifests --delete`: commands for a shell that take the gate out of the cluster. Each may be repeated. */
export const printRemoval = ({ namespace, kubeconfig, context }: RemovalOptions): string => {
  const kubectl = `kubectl${flag('kubeconfig', kubeconfig)}${flag('context', context)}`;
  return [
    '# Takes ImageGate out of the cluster. Read it, then run it: imagegate manifests --delete | sh -e',
    ...steps(kubectl, namespace).flatMap(({ why, deletes }) => [
      '',
      `# ${why}`,
      ...deletes.map((what) => `${kubectl} delete ${what} --ignore-not-found`),
    ]),
    ...(namespace === undefined
      ? ['', '# Then stop `imagegate serve` on its own machine, and delete the folder of its --data.']
      : []),
    '',
  ].join('\n');
};
