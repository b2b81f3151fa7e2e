import type { JsonObject } from '../../core/text/json/json.ts';

/**
 * The schema of `spec.match` as Gatekeeper v3.23.1 writes it into each CRD, descriptions included: what `kubectl explain`
 * shows stays the same, and whoever compares the CRDs of both finds no difference. The descriptions are Gatekeeper's and
 * Kubernetes' own (Apache License 2.0).
 */
const text: JsonObject = { type: 'string' };
const texts: JsonObject = { type: 'array', items: text };

/** Only a star at the beginning and one at the end mean something. */
const pattern = String.raw`^\*?[-:a-z0-9]*\*?$`;

const nameGlobs = (description: string): JsonObject => ({
  type: 'array',
  description,
  items: {
    type: 'string',
    pattern,
    description:
      'A string that supports globbing at its front and end. Ex: "kube-*" will match "kube-system" or\n' +
      '"kube-public", "*-system" will match "kube-system" or "gatekeeper-system", "*system*" will\n' +
      'match "system-kube" or "kube-system".  The asterisk is required for wildcard matching.',
  },
});

const requirement: JsonObject = {
  type: 'object',
  description:
    'A label selector requirement is a selector that contains values, a key, and an operator that\n' +
    'relates the key and values.',
  required: ['key', 'operator'],
  properties: {
    key: { type: 'string', description: 'key is the label key that the selector applies to.' },
    operator: {
      type: 'string',
      description:
        "operator represents a key's relationship to a set of values.\n" +
        'Valid operators are In, NotIn, Exists and DoesNotExist.',
    },
    values: {
      ...texts,
      description:
        'values is an array of string values. If the operator is In or NotIn,\n' +
        'the values array must be non-empty. If the operator is Exists or DoesNotExist,\n' +
        'the values array must be empty. This array is replaced during a strategic\n' +
        'merge patch.',
      'x-kubernetes-list-type': 'atomic',
    },
  },
};

const selector = (description: string): JsonObject => ({
  type: 'object',
  description,
  properties: {
    matchExpressions: {
      type: 'array',
      description: 'matchExpressions is a list of label selector requirements. The requirements are ANDed.',
      items: requirement,
      'x-kubernetes-list-type': 'atomic',
    },
    matchLabels: {
      type: 'object',
      description:
        'matchLabels is a map of {key,value} pairs. A single {key,value} in the matchLabels\n' +
        'map is equivalent to an element of matchExpressions, whose key field is "key", the\n' +
        'operator is "In", and the values array contains only "value". The requirements are ANDed.',
      additionalProperties: text,
    },
  },
  'x-kubernetes-map-type': 'atomic',
});

const kind: JsonObject = {
  type: 'object',
  description:
    'Kinds accepts a list of objects with apiGroups and kinds fields\n' +
    'that list the groups/kinds of objects to which the mutation will apply.\n' +
    'If multiple groups/kinds objects are specified,\n' +
    'only one match is needed for the resource to be in scope.',
  properties: {
    apiGroups: {
      ...texts,
      description:
        "APIGroups is the API groups the resources belong to. '*' is all groups.\n" +
        "If '*' is present, the length of the slice must be one.\n" +
        'Required.',
    },
    kinds: texts,
  },
};

export const matchSchema: JsonObject = {
  type: 'object',
  description: 'Match selects which objects are in scope.',
  properties: {
    excludedNamespaces: nameGlobs(
      'ExcludedNamespaces is a list of namespace names. If defined, a\n' +
        'constraint only applies to resources not in a listed namespace.\n' +
        'ExcludedNamespaces also supports a prefix or suffix based glob.  For example,\n' +
        '`excludedNamespaces: [kube-*]` matches both `kube-system` and\n' +
        '`kube-public`, and `excludedNamespaces: [*-system]` matches both `kube-system` and\n' +
        '`gatekeeper-system`.',
    ),
    kinds: { type: 'array', items: kind },
    labelSelector: selector(
      'LabelSelector is the combination of two optional fields: `matchLabels`\n' +
        'and `matchExpressions`.  These two fields provide different methods of\n' +
        'selecting or excluding k8s objects based on the label keys and values\n' +
        'included in object metadata.  All selection expressions from both\n' +
        'sections are ANDed to determine if an object meets the cumulative\n' +
        'requirements of the selector.',
    ),
    name: {
      type: 'string',
      pattern,
      description:
        'Name is the name of an object.  If defined, it will match against objects with the specified\n' +
        'name.  Name also supports a prefix or suffix glob.  For example, `name: pod-*` would match\n' +
        'both `pod-a` and `pod-b`, and `name: *-pod` would match both `a-pod` and `b-pod`.',
    },
    namespaceSelector: selector(
      "NamespaceSelector is a label selector against an object's containing\n" +
        'namespace or the object itself, if the object is a namespace.',
    ),
    namespaces: nameGlobs(
      'Namespaces is a list of namespace names. If defined, a constraint only\n' +
        'applies to resources in a listed namespace.  Namespaces also supports a\n' +
        'prefix or suffix based glob.  For example, `namespaces: [kube-*]` matches both\n' +
        '`kube-system` and `kube-public`, and `namespaces: [*-system]` matches both\n' +
        '`kube-system` and `gatekeeper-system`.',
    ),
    scope: {
      type: 'string',
      description:
        'Scope determines if cluster-scoped and/or namespaced-scoped resources\n' +
        'are matched.  Accepts `*`, `Cluster`, or `Namespaced`. (defaults to `*`)',
    },
    source: {
      type: 'string',
      enum: ['All', 'Generated', 'Original'],
      description:
        'Source determines whether generated or original resources are matched.\n' +
        'Accepts `Generated`|`Original`|`All` (defaults to `All`). A value of\n' +
        '`Generated` will only match generated resources, while `Original` will only\n' +
        'match regular resources.',
    },
  },
};
