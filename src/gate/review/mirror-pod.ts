import { isJsonObject, type JsonObject } from '../../core/text/json/json.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';

/** The API server lets nobody add, change or remove it later. @see kubernetes, pkg/kubelet/types/pod_update.go */
const mirrorAnnotation = 'kubernetes.io/config.mirror';

/**
 * Whether the Pod says that it is the image, in the API, of a static Pod that a kubelet has started from a file. Anybody
 * may write that: it may only ever take something away from the Pod, never open anything for it (B16).
 */
export const isMirrorPod = (pod: JsonObject): boolean => {
  const { annotations } = metadataOf(pod);
  return isJsonObject(annotations) && Object.hasOwn(annotations, mirrorAnnotation);
};
