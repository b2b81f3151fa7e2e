import { readTextFile } from '../files/text-file.ts';
import { shown, shownName } from '../core/text/shown-text.ts';
import { absent, known } from '../core/facts/fact.ts';
import { type JsonObject } from '../core/text/json/json.ts';
import { readManifestObjects } from '../core/workload/manifest.ts';
import { isDnsLabel, isDnsSubdomain } from '../core/text/dns-name.ts';
import { readPullSecret } from '../evidence/credential/pull-secret.ts';
import type { PullContext, PullSecrets } from '../evidence/ports.ts';
import { UsageError } from './terminal/terminal.ts';
import { metadataOf } from '../core/workload/object-metadata.ts';

/** A Secret of 1 MiB in base64, beside its metadata. */
const maxFileBytes = 3 * 1024 * 1024;

/** The pull secrets of a file, and the Pod that would name them. */
export interface PullSecretInput {
  readonly secrets: PullSecrets;
  readonly context: PullContext;
}

const hint =
  'write a Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg, as kubectl get secret -o yaml prints it';

/**
 * `--pull-secret FILE`: one Secret manifest.
 * @throws UsageError when the file holds no Secret. The parser's own words are not shown: they may quote the secret
 *   (B37).
 */
export const readPullSecretFile = (file: string): PullSecretInput => {
  const refuse = (why: string): never => {
    throw new UsageError([shown(`--pull-secret ${shownName(file)}: ${why}`)]);
  };
  const text = readTextFile(file, { bytes: maxFileBytes });
  const manifest = readManifestObjects(text.ok ? text.value : refuse(text.error), file);
  if (!manifest.ok)
    return refuse(`it cannot be read as YAML, at line ${String(manifest.error.line)}; ${hint}`);
  const secrets = manifest.value.objects.filter(
    ({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Secret',
  );
  const [secret] = secrets;
  if (secret === undefined) return refuse(`it holds no Secret; ${hint}`);
  if (secrets.length > 1)
    return refuse(`it holds ${String(secrets.length)} Secrets; give the one that is to be tried`);
  const object: JsonObject = secret.object;
  const metadata = metadataOf(object);
  const { name, namespace = 'default' } = metadata;
  if (typeof name !== 'string' || !isDnsSubdomain(name))
    return refuse('its metadata.name is no name of a Secret');
  if (typeof namespace !== 'string' || !isDnsLabel(namespace)) {
    return refuse('its metadata.namespace is no name of a namespace');
  }
  const found = readPullSecret(object, 'the Secret');
  if (found.state === 'absent') return refuse(`nothing pulls with this Secret; ${hint}`);
  return {
    secrets: {
      secret: (place, called) => Promise.resolve(place === namespace && called === name ? found : absent),
      serviceAccount: () => Promise.resolve(known([])),
    },
    context: { namespace, pullSecrets: [name] },
  };
};
