import { completeDefault, policyFieldSchema } from '../src/core/policy/field-schema.ts';
import type { FieldSchema } from '../src/core/policy/field-schema.ts';
import { laterChecks } from '../src/core/policy/schema-problem.ts';

interface Row {
  readonly path: string;
  readonly schema: FieldSchema;
  readonly required: boolean;
}

const rowsBelow = (schema: FieldSchema, path: string): readonly Row[] => {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) ?? false;
    return [{ path: at, schema: field, required }, ...rowsBelow(field, at)];
  });
  return schema.items === undefined ? own : [...own, ...rowsBelow(schema.items, `${path}[]`)];
};

const typeOf = (schema: FieldSchema): string => {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (schema.type === 'array') return `list of ${schema.items?.type === 'object' ? 'objects' : 'text'}`;
  if (typeof schema.additionalProperties === 'object')
    return `map of text to ${schema.additionalProperties.type === 'array' ? 'lists of text' : 'text'}`;
  return schema.type === 'string' ? 'text' : (schema.type ?? 'any');
};

const range = (least: number | undefined, most: number | undefined, unit: string): string | undefined => {
  if (least === undefined && most === undefined) return undefined;
  if (least !== undefined && least === most) return `exactly ${least} ${unit}`;
  return least === undefined ? `at most ${most} ${unit}` : `${least} to ${most} ${unit}`;
};

const boundsOf = (schema: FieldSchema): string => {
  const { items } = schema;
  const parts = [
    range(schema.minItems, schema.maxItems, 'items'),
    range(schema.minLength, schema.maxLength, 'characters'),
    range(schema.minProperties, schema.maxProperties, 'entries'),
    items?.type === 'object' ? range(items.minProperties, items.maxProperties, 'field each') : undefined,
    items === undefined ? undefined : range(items.minLength, items.maxLength, 'characters each'),
  ];
  return parts.filter((part) => part !== undefined).join('; ');
};

const defaultOf = ({ schema, required }: Row): string => {
  if (required) return 'required';
  const value = completeDefault(schema);
  return value === undefined ? 'none' : `\`${JSON.stringify(value)}\``;
};

const section = (row: Row): string => {
  const bounds = boundsOf(row.schema);
  const facts = [
    typeOf(row.schema),
    ...(row.required ? ['required'] : [`default ${defaultOf(row)}`]),
    ...(bounds === '' ? [] : [bounds]),
  ];
  return `### \`${row.path}\`\n\n${facts.join(' · ')}\n\n${row.schema.description ?? ''}\n`;
};

const introduction = `<!-- Generated from src/core/policy/schema.ts by \`npm run generate\`. Do not edit. -->

# ImagePolicy

An \`ImagePolicy\` says whom it applies to (\`match\`), what must hold (\`checks\`) and what happens otherwise (\`mode\`).
The same file works as an object in a cluster, as a file for \`serve --policies DIR\`, and for \`check --policies DIR\`.

- Policies are ANDed: an image needs the consent of every policy that matches it. Deny overrides, and everything that
  failed is reported, not only the first.
- An image that no policy of a covered namespace speaks about gets the finding
  [\`unmatched\`](reasons.md#unmatched).
- A policy is cluster-scoped: \`metadata.namespace\` is refused.
- Unknown and misspelt fields are refused with their place and a suggestion, as is a check that would check nothing.

## Policy files

\`--policies\` takes a directory or a file, and may be repeated; all of it together is **one unit**. When a single file is
broken at the start, the gate does not start; when one becomes broken later, the whole last good set stays in force and
the problem is reported. A set without any policy counts as broken, as does a policy name that is used twice.

A directory is read with its subdirectories, 8 levels deep: files named \`*.yaml\`, \`*.yml\` or \`*.json\`; names that begin
with a dot are skipped. Links are followed, also those of a mounted ConfigMap, and each file is read once however many
links lead to it. A set has at most 1,000 files of at most 1 MiB each and 16 MiB together. A file may hold several YAML
documents or a \`List\`, but only ImagePolicy objects.

## Image patterns

\`allow\`, \`platform\`, \`deny\` and \`match.images\` hold patterns over the parsed name, never over the text:

| pattern | matches | does not match |
|---|---|---|
| \`registry.example.com/**\` | \`registry.example.com/a\`, \`registry.example.com/a/b\` | \`registry.example.com.evil.io/a\`, \`registry.example.com:5000/a\` |
| \`registry.example.com/team/*\` | \`registry.example.com/team/web\` | \`registry.example.com/team/web/api\` |
| \`docker.io/library/nginx\` | \`nginx\`, \`docker.io/nginx\`, \`index.docker.io/library/nginx:1\` | \`docker.io/evil/nginx\` |
| \`**\` | every image | |

\`*\` stays inside one path component; \`**\` stands for one or more whole components, so \`host/team/**\` does not match
\`host/team\`. In \`allow\` and \`platform\` host and port are exact; in \`deny\` and \`match.images\` a host without a port
covers every port, and \`docker.io\` covers every host name of Docker Hub. Refused: a wildcard in the host (except \`**\`
alone), no host, no path, a tag or digest, and \`docker.io/x\` without \`library/\`.

A wildcard in the host would trust hosts that nobody named, so it is refused, also for an account in many regions
(\`123456789012.dkr.ecr.*.amazonaws.com\`). Write each host out, once, with a YAML anchor: \`*name\` stands for
the same list wherever it is needed again in this document, and a \`List\` lets several policies share it. kubectl sends
the list itself, so this works in a cluster too:

\`\`\`yaml
apiVersion: v1
kind: List
items:
  - apiVersion: imagegate.dev/v1alpha1
    kind: ImagePolicy
    metadata: { name: our-regions }
    spec:
      checks:
        - registries:
            allow: &ours
              - 123456789012.dkr.ecr.eu-central-1.amazonaws.com/**
              - 123456789012.dkr.ecr.eu-west-1.amazonaws.com/**
              - 123456789012.dkr.ecr.us-east-1.amazonaws.com/**
  - apiVersion: imagegate.dev/v1alpha1
    kind: ImagePolicy
    metadata: { name: production }
    spec:
      match: { namespaces: { include: ['prod-*'] } }
      checks:
        - registries: { allow: *ours, requireHost: true }
        - digest: { require: true }
\`\`\`

All checks of a policy must hold, and all policies that cover a namespace: an image has to be in **every** allow list.
Patterns that are meant as "either" belong into one list; \`imagegate policy lint\` finds lists that have no image in common.

**Deny lists are a comfort, allow lists are the fence**: a copy of a denied image under another name passes a deny list.
\`imagegate policy lint\` warns about patterns that are wider than they look.

## Looking at registries

Most checks judge the text of an image. A policy with the check \`image\` or with \`digest.pin\` makes the gate ask
registries; a namespace whose policies have neither causes no call.

- **Resolve once.** A tag is looked up a single time in a review. That digest is what is judged, recorded and added.
- **Fence before you look.** An image that a \`registries\` check in mode Deny refuses is not looked at: the gate connects
  nowhere that a policy forbids, and the finding is the one of \`registries\` alone. Without such a check the gate asks
  any registry that somebody writes into a Pod.
- **Not knowing is never a pass.** What cannot be read is [\`image-unavailable\`](reasons.md#image-unavailable), and
  \`onUnavailable\` says what that does under Deny. What is not there is [\`image-absent\`](reasons.md#image-absent).
- **Pin what you judge.** Without a \`digest\` check a tag can be moved between the look and the pull: decisions say
  [\`bytes-not-pinned\`](reasons.md#bytes-not-pinned).
- **Pinning** changes Pods only, on their way in, and keeps the tag beside the digest. Where the digest could not be
  added, a Pod is refused with [\`digest-missing\`](reasons.md#digest-missing). Mode Warn pins what it can and refuses
  nothing; mode Audit changes nothing.
- **Several platforms.** An index fails when any of the platforms that are judged does. In \`multiArch\` the mode
  \`platforms\` leaves the others out: name every platform that your nodes have.

\`created\`, the user and the labels are what whoever built the image wrote into it. They are rules for honest builders;
against others they need a signature beside them.

## Fields
`;

/** Each block is read and linted by a test. */
const examples = `## Examples

Only images from two trusted registries; the images of the service mesh are allowed beside them (\`registries\`):

\`\`\`yaml
apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata:
  name: trusted-registries
spec:
  checks:
    - registries:
        allow: ["registry.example.com/**", "docker.io/library/*"]
        platform: ["cr.l5d.io/linkerd/*"]
        deny: ["registry.example.com/quarantine/**"]
        requireHost: true
\`\`\`

Every image named by digest, in two namespaces (\`digest\`):

\`\`\`yaml
apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata:
  name: digest-required
spec:
  match:
    namespaces: { include: ["payments", "ledger-*"] }
  checks:
    - digest: { require: true }
\`\`\`

No moving tags; tried out first, so users are warned and nothing is refused (\`tags\`):

\`\`\`yaml
apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata:
  name: no-moving-tags
spec:
  mode: Warn
  match:
    namespaceSelector: { matchLabels: { stage: production } }
  checks:
    - tags: { deny: ["latest", "main", "*-snapshot"] }
\`\`\`

What the image says about itself (\`image\`), judged on the digest that the gate adds (\`digest.pin\`). Images with
production data stay in production, and the last result of a tag may stand in for an hour when the registry is down:

\`\`\`yaml
apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata:
  name: fresh-and-unprivileged
spec:
  match:
    images: ["registry.example.com/**"]
  multiArch: { mode: platforms, platforms: ["linux/amd64", "linux/arm64"] }
  staleFor: 1h
  checks:
    - digest: { pin: true }
    - image:
        maxAge: 90d
        user: NonRoot
        maxSize: 2Gi
        labels:
          required: { "org.opencontainers.image.source": ["https://git.example.com/*"] }
          forbidden: { "stage": ["dev", "test-*"] }
          namespaceLabels:
            - image: data-class
              value: production
              namespace: { key: environment, in: ["production"] }
\`\`\`
`;

const missing = (): string =>
  [
    '## What is not in this version',
    '',
    'These belong to the policy format, and this version cannot run them. A policy that holds one of them is refused as a',
    'whole: a check is never ignored.',
    '',
    ...laterChecks.map((name) => `- the check \`${name}\``),
    '',
  ].join('\n');

/** docs/policy.md. */
export const renderPolicyReference = (): string => {
  // Refused, and not written by people: neither has a field of its own to explain.
  const hidden = ['status', 'metadata.namespace'];
  const rows = rowsBelow(policyFieldSchema(), '').filter(({ path }) => !hidden.includes(path));
  return [introduction, ...rows.map(section), examples, missing()].join('\n');
};
