import type { KubeObject } from './api.ts';

const template = (kind: string, rego: string): KubeObject => ({
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: kind.toLowerCase() },
  spec: {
    crd: {
      spec: {
        names: { kind },
        validation: {
          openAPIV3Schema: { type: 'object', properties: { label: { type: 'string' } } },
        },
      },
    },
    targets: [{ target: 'admission.k8s.gatekeeper.sh', rego: `package x\n${rego}` }],
  },
});
/** A label that is forbidden. */
export const forbids = template(
  'ForbiddenLabel',
  `violation[{"msg": msg}] {
  input.review.object.metadata.labels[input.parameters.label]
  msg := sprintf("the label %v is forbidden", [input.parameters.label])
}`,
);
/** A label that is missing. */
export const requires = template(
  'RequiredLabel',
  `violation[{"msg": msg}] {
  not input.review.object.metadata.labels[input.parameters.label]
  msg := sprintf("the label %v is missing", [input.parameters.label])
}`,
);

export const widgets = 'widgets.e2e.example.com';

/** A custom kind in two versions. */
export const widgetDefinition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: widgets },
  spec: {
    group: 'e2e.example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
    versions: ['v1', 'v2'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    })),
  },
};

/** A Deployment with labels of its own. */
export const deployment = (name: string, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'a', image: 'nginx' }] },
    },
  },
});
