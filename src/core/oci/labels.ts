import { shown } from '../../core/text/shown-text.ts';
import { isJsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { ok, type Result } from '../../core/result.ts';
import type { OciLimits } from './limits.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';

/** Without a prototype: a label called `constructor` is there only when the image has it. */
export type ImageLabels = Readonly<Record<string, string>>;

const noLabels: ImageLabels = Object.freeze(Object.create(null) as Record<string, string>);

/** Labels of a config, or annotations of a manifest: OCI image-spec, "Annotations". `word`: what to call one of them. */
export const readLabels = (
  value: JsonValue | undefined,
  word: 'label' | 'annotation',
  limits: OciLimits,
): Result<ImageLabels, Unreadable> => {
  if (value === undefined || value === null) return ok(noLabels);
  if (!isJsonObject(value)) return invalidBytes(`its ${word}s are not an object`);
  const labels = Object.create(null) as Record<string, string>;
  let count = 0;
  let bytes = 0;
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') return invalidBytes(`its ${word} ${shown(name)} is not a text`);
    count += 1;
    bytes += name.length + text.length;
    if (count > limits.labels) return tooMuch(`it has more than ${limits.labels} ${word}s`);
    if (bytes > limits.labelBytes)
      return tooMuch(`its ${word}s are longer than ${limits.labelBytes} characters`);
    labels[name] = text;
  }
  return ok(labels);
};
