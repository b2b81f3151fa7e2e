import { isJsonObject, type JsonObject } from '../../core/text/json/json.ts';
import type { Labels } from '../../core/policy/match/label-selector.ts';
import type { ImageUse } from '../../core/workload/found-images.ts';
import type { WorkloadKind } from '../../core/workload/kinds/workload-kind.ts';
import { pullSecretsOf } from '../../core/workload/pull-context.ts';
import type { PullContext } from '../../evidence/ports.ts';
import type { DecisionOrigin } from './decision-builder.ts';

/** A workload object, with the one it replaces on UPDATE. */
export interface WorkloadSubject {
  readonly kind: 'workload';
  readonly row: WorkloadKind;
  readonly object: JsonObject;
  readonly oldObject: JsonObject | null;
}
/** Bare images of which no object is known (`/image-review`, R21, and `check image`). */
export interface ImagesSubject {
  readonly kind: 'images';
  readonly images: readonly ImageUse[];
}

export interface ReviewSubject {
  readonly origin: DecisionOrigin;
  /** `request.namespace`, never the object's (R3). */
  readonly namespace: string;
  readonly what: WorkloadSubject | ImagesSubject;
  /** Monotonic time at which the request arrived. */
  readonly started: number;
}

/** Labels of an object as far as they have the shape of labels; anything else is unknown, which matches. */
export const wellFormedLabels = (object: JsonObject | null): Labels | undefined => {
  if (object === null) return undefined;
  const metadata = object['metadata'];
  if (!isJsonObject(metadata)) return undefined;
  const labels = metadata['labels'];
  if (labels === undefined || labels === null) return {};
  if (!isJsonObject(labels)) return undefined;
  // A list of their values takes several times as long, and there may be as many as fit into an object (R24).
  for (const name in labels) if (typeof labels[name] !== 'string') return undefined;
  return labels as Labels;
};

/** Labels of the object and of the one that it replaces: a policy applies when it selects either. */
export const objectLabels = (
  what: Pick<WorkloadSubject, 'object' | 'oldObject'>,
): readonly Labels[] | undefined => {
  const labels = wellFormedLabels(what.object);
  if (labels === undefined) return undefined;
  const old = wellFormedLabels(what.oldObject);
  return old === undefined ? [labels] : [labels, old];
};

export const isPod = ({ group, kind }: WorkloadKind): boolean => group === '' && kind === 'Pod';

/** A Pod that the API server asks about: it went through `/mutate` before (`digest.pin`). */
export const isArrivingPod = ({ origin, what }: ReviewSubject): boolean =>
  origin.source === 'admission' && what.kind === 'workload' && isPod(what.row);

/**
 * With whose pull secrets an image of a cluster object is looked up. The namespace is that of the request. Attack: an
 * object that names another namespace, to read with the secrets of that one (B29).
 */
export const pullContextOf = ({
  namespace,
  what,
}: Pick<ReviewSubject, 'namespace' | 'what'>): PullContext | undefined => {
  if (namespace === '') return undefined;
  if (what.kind === 'images') return { namespace, pullSecrets: [] };
  return { namespace, ...pullSecretsOf(what.row, what.object) };
};
