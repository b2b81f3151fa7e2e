import { Document, visit } from 'yaml';

/** One Kubernetes object to be applied, and what an operator should know about it before applying it. */
export interface InstallManifest {
  /** Lines of text, printed as a comment above the object. */
  readonly comment: string;
  readonly object: KubernetesObject;
}
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The label of everything that belongs to the gate, and the selector of its Pods. */
export const gateLabels = { 'app.kubernetes.io/name': 'imagegate' } as const;

/** The metadata of an object of the gate. */
export const objectMeta = (name: string, namespace?: string) => ({
  name,
  ...(namespace === undefined ? undefined : { namespace }),
  labels: { ...gateLabels },
});

/** An object of the Kubernetes client, to be printed below a comment. */
export const manifest = (object: object, comment = ''): InstallManifest => ({
  comment,
  object: object as KubernetesObject,
});

/**
 * Names of the objects of an installation. One gate a cluster, so they are fixed: RBAC can then name them,
 * and nobody has to look for them.
 */
export const objectNames = {
  namespace: 'imagegate-system',
  /** Webhook configuration, roles, service account, Deployment, Service, … */
  gate: 'imagegate',
  /** The Secret that holds the CA (R15). */
  caSecret: 'imagegate-ca',
  /** The ConfigMap with the settings that `manifests --image` was given. */
  config: 'imagegate-config',
  registrySecrets: 'imagegate-registries',
  /** The Lease of the replica that patches `caBundle` and status (R15). */
  lease: 'imagegate',
  /** Webhook configurations whose rules follow the constraints: what a dead gate refuses, and what passes then. */
  closedDoor: 'imagegate-constraints',
  openDoor: 'imagegate-constraints-open',
  fence: 'imagegate-own-namespace',
  /** Roles and bindings that let the gate read pull secrets; apart from the others, so that they can be taken away. */
  pullSecrets: 'imagegate-pull-secrets',
  /** Whom the API server sees when the gate stands outside of the cluster. */
  outsideUser: 'imagegate',
} as const;

/** A word of a shell: a path may hold blanks and quotes. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const wrap = (text: string, width: number): readonly string[] =>
  text.split('\n').flatMap((paragraph) => {
    // Something to be copied.
    if (paragraph.startsWith(' ')) return [paragraph];
    const lines = [''];
    for (const word of paragraph.split(' ')) {
      const line = lines.at(-1) ?? '';
      if (line !== '' && line.length + word.length >= width) lines.push(word);
      else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    }
    return lines;
  });

const printOne = ({ comment, object }: InstallManifest): string => {
  // kubectl reads YAML 1.1, where a plain `no`, `on` or `1:30` is not the text that it looks like;
  // others read 1.2, where `0o17` is not.
  const document = new Document(object, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && /^[-+]?0o/.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  const lines = comment === '' ? [] : wrap(comment, 98);
  return `---\n${lines.map((line) => `# ${line}\n`).join('')}${document.toString({ lineWidth: 0, directives: false })}`;
};

/** Objects as YAML for `kubectl apply -f -`, in the order given; the same objects give the same bytes. */
export const printManifests = (manifests: readonly InstallManifest[]): string =>
  manifests.map(printOne).join('');
