import { isJsonObject, type JsonValue } from '../../core/text/json/json.ts';

/** Annotation of manifests and indexes, and label of configs: OCI image-spec, "Pre-Defined Annotation Keys". */
export const createdAnnotation = 'org.opencontainers.image.created';

const timestamp = /^(\d{4})-(\d\d)-(\d\d)[Tt]\d\d:\d\d:\d\d(?:\.\d{1,32})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * RFC 3339, milliseconds since 1970. Go writes the year 1 where no time was set. A day that no month has is no time.
 * Whether it can be true is not for the reader to say.
 */
export const readTime = (value: JsonValue | undefined): number | undefined => {
  if (typeof value !== 'string' || value.length > 64) return undefined;
  const [, year = '', month = '', day = ''] = timestamp.exec(value) ?? [];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (year < '1000' || date.getUTCDate() !== Number(day)) return undefined;
  const time = Date.parse(value.toUpperCase());
  return Number.isNaN(time) ? undefined : time;
};

/** The time in the annotations of a manifest, an index or an entry of one. */
export const createdOf = (annotations: JsonValue | undefined): { readonly created?: number } => {
  const created = isJsonObject(annotations) ? readTime(annotations[createdAnnotation]) : undefined;
  return created === undefined ? {} : { created };
};

/** The times that could be read, each once, in the order of the places where they stand. */
export const timesOf = (...times: readonly (number | undefined)[]): readonly number[] => [
  ...new Set(times.filter((time) => time !== undefined)),
];
