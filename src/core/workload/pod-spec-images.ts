import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import type { ContainerList, PodSpecPlaces } from './kinds/compiled-kind.ts';
import { addImage, isAbsent, malformedObject, type Findings, type Problem } from './found-images.ts';

/** R2 knows a container by list and name, so a name that is missing or there twice would make it ambiguous. */
const readContainer = (
  found: Findings,
  list: ContainerList,
  items: readonly JsonValue[],
  index: number,
): Problem => {
  const path = (): string => `${list.path()}[${index}]`;
  const item = items[index];
  if (!isJsonObject(item)) return malformedObject(path(), 'a container must be an object');
  const name = item['name'];
  if (isAbsent(name) || name === '') {
    if (!found.kind.unnamedContainers) return malformedObject(`${path()}.name`, 'a container needs a name');
    return addImage(found, { path: list.imagePath(index), place: path() }, item['image']);
  }
  if (typeof name !== 'string') return malformedObject(`${path()}.name`, 'a name must be text');
  // At most maxImages items come this far, so the scan is bounded.
  for (let earlier = 0; earlier < index; earlier += 1) {
    if ((items[earlier] as JsonObject)['name'] === name) {
      return malformedObject(`${path()}.name`, 'another container of this list has the same name');
    }
  }
  return addImage(found, { path: list.imagePath(index), place: `${list.path()}/${name}` }, item['image']);
};

const readContainers = (found: Findings, list: ContainerList, value: JsonValue | undefined): Problem => {
  if (isAbsent(value)) {
    return list.required ? malformedObject(list.path(), 'a pod spec needs a list of containers') : undefined;
  }
  if (!Array.isArray(value)) return malformedObject(list.path(), 'must be a list');
  for (let index = 0; index < value.length; index += 1) {
    const problem = readContainer(found, list, value, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const readImageVolume = (found: Findings, path: string, volume: JsonObject, names: string[]): Problem => {
  const { image, name } = volume;
  if (!isJsonObject(image)) return malformedObject(`${path}.image`, 'must be an object');
  if (typeof name !== 'string' || name === '')
    return malformedObject(`${path}.name`, 'a volume needs a name');
  if (names.includes(name)) return malformedObject(`${path}.name`, 'another image volume has the same name');
  names.push(name);
  const list = path.slice(0, path.lastIndexOf('['));
  const place = `${list}/${name}`;
  return addImage(found, { path: `${path}.image.reference`, place, volume: true }, image['reference']);
};

/** Only `volumes[].image` is an image volume (B18); the `image` inside an rbd volume names a block device. */
const readVolumes = (found: Findings, places: PodSpecPlaces, value: JsonValue | undefined): Problem => {
  if (isAbsent(value)) return undefined;
  if (!Array.isArray(value)) return malformedObject(places.volumes(), 'must be a list');
  const names: string[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const volume: JsonValue | undefined = value[index];
    if (!isJsonObject(volume))
      return malformedObject(`${places.volumes()}[${index}]`, 'a volume must be an object');
    if (isAbsent(volume['image'])) continue;
    const problem = readImageVolume(found, `${places.volumes()}[${index}]`, volume, names);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/** The images of one pod spec: containers, init containers, ephemeral containers, image volumes. */
export const readPodSpec = (found: Findings, places: PodSpecPlaces, podSpec: JsonObject): Problem => {
  for (const list of places.lists) {
    const problem = readContainers(found, list, podSpec[list.key]);
    if (problem !== undefined) return problem;
  }
  return readVolumes(found, places, podSpec['volumes']);
};
