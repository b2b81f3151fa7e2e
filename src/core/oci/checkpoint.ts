import { isJsonObject, type JsonObject } from '../../core/text/json/json.ts';

/**
 * Annotations of a manifest or an index by which runtimes know the checkpoint of a container. Source: cri-o
 * pkg/annotations and server/container_restore.go (`checkIfCheckpointOCIImage`), containerd
 * internal/cri/server/container_checkpoint_linux.go, checkpointctl lib/metadata.go (`CheckpointAnnotationName`).
 */
const names = ['io.kubernetes.cri-o.annotations.checkpoint.name', 'org.criu.checkpoint.container.name'];

/**
 * Whether the image is a checkpoint. A runtime with CRIU would go on with the saved process: its memory, its user,
 * and the files of another image, which the node pulls by a name in a layer. The config shows none of this. Attack: a
 * root process of a foreign image, saved in an image whose config says `User: 1000`.
 */
export const isCheckpoint = ({ annotations }: JsonObject): boolean =>
  isJsonObject(annotations) && names.some((name) => Object.hasOwn(annotations, name));
