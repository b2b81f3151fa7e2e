import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { recordedValueOfJson } from '../../rego/values/json-value.ts';
import type { DocumentReads, ObjectOrder } from '../../rego/values/reads.ts';
import { compareValues } from '../../rego/values/value.ts';

/** Whoever asks for the keys of an object has not read what stands under them. */
const there = Symbol('there');

/** `undefined`: nothing stands there. A list is read as a whole, but for the objects in it. */
type Part =
  undefined | typeof there | null | boolean | number | string | readonly Part[] | ObjectPart | WholePart;

/** What was read of an object. */
class ObjectPart {
  readonly keys: readonly string[];
  /** One for each key. */
  readonly parts: readonly Part[];
  /** How many keys there must be; absent: there may be others. */
  readonly size: number | undefined;

  constructor(keys: readonly string[], parts: readonly Part[], size: number | undefined) {
    this.keys = keys;
    this.parts = parts;
    this.size = size;
  }
}

/** An object of which everything was read: its text, which is compared faster than its parts. */
class WholePart {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Keys and places that lead from the document to an object in it. */
type Path = readonly (string | number)[];

/** Two objects that were compared with one another, by their numbers. */
interface OrderPart {
  readonly one: number;
  readonly other: number;
  readonly order: ObjectOrder['order'];
}
interface OrderParts {
  /** Where each of these objects stands. */
  readonly places: readonly Path[];
  readonly orders: readonly OrderPart[];
}

/** What was read of a document. In another one with equal parts, the same would be read. */
export interface ReadPart {
  readonly root: ObjectPart | WholePart;
  readonly compared: OrderParts;
  /** About how many bytes of memory it takes. */
  readonly weight: number;
}

/** Each is compared in each later review, so there are few. */
const maxParts = 512;
const maxOrders = 128;
const maxCharacters = 64 * 1024;
const partBytes = 48;
const orderBytes = 200;
/**
 * A larger document is not compared with what was read of others. Attack: one in which a megabyte stands so deep that its text
 * is written at each level, or that the stack of the engine ends while two objects are compared.
 */
const maxDocument = { depth: 64, values: 4096, characters: 256 * 1024 };

const membersOf = (value: JsonValue): readonly (JsonValue | undefined)[] => {
  if (Array.isArray(value)) return value as readonly JsonValue[];
  return isJsonObject(value) ? Object.values(value) : [];
};

/** Whether a document is small, and texts tell its values apart: JSON writes `-0` as `0`, and leaves out what is not there. */
const isPlain = (document: JsonObject): boolean => {
  let { values, characters } = maxDocument;
  const isPlainValue = (value: JsonValue | undefined): boolean => {
    values -= 1;
    if (typeof value === 'string') characters -= value.length;
    return values >= 0 && characters >= 0 && value !== undefined && !Object.is(value, -0);
  };
  let level: readonly (JsonValue | undefined)[] = [document];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDocument.depth || !level.every(isPlainValue)) return false;
    level = level.flatMap((value = null) => membersOf(value));
  }
  return true;
};

/** A document with which parts are compared. */
export interface ComparedDocument {
  readonly document: JsonObject;
  /** Whether it can be compared at all. */
  readonly isComparable: boolean;
  /** The text of an object in it; each is written once. */
  readonly textOf: (object: JsonObject) => string;
  /** As {@link compareValues} has it; two objects are compared once. */
  readonly orderOf: (one: JsonObject, other: JsonObject) => number;
}

const once = <K, V>(make: (key: K) => V): ((key: K) => V) => {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
};
export const compared = (document: JsonObject): ComparedDocument => {
  const valueOf = once(recordedValueOfJson);
  const ordersOf = once((one: JsonObject) =>
    once((other: JsonObject) => Math.sign(compareValues(valueOf(one), valueOf(other)))),
  );
  return {
    document,
    isComparable: isPlain(document),
    textOf: once((object: JsonObject) => JSON.stringify(object)),
    orderOf: (one, other) => ordersOf(one)(other),
  };
};

/**
 * Where each object of a document stands; `undefined`: one stands twice, and nobody can tell which of them was read.
 */
const pathsIn = (document: JsonObject): ReadonlyMap<JsonObject, Path> | undefined => {
  const paths = new Map<JsonObject, Path>();
  const open: (readonly [JsonValue, Path])[] = [[document, []]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, path] = next;
    if (isJsonObject(value)) {
      if (paths.has(value)) return undefined;
      paths.set(value, path);
      for (const [key, member] of Object.entries(value)) open.push([member ?? null, [...path, key]]);
    } else if (Array.isArray(value)) {
      for (const [at, item] of (value as readonly JsonValue[]).entries()) open.push([item, [...path, at]]);
    }
  }
  return paths;
};

/** No object stands there. */
const nowhere: Path = [0];
const objectAt = (document: JsonObject, path: Path): JsonObject | undefined => {
  let found: JsonValue | undefined = document;
  for (const step of path) {
    if (typeof step === 'number')
      found = Array.isArray(found) ? (found as readonly JsonValue[])[step] : undefined;
    else found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  }
  return isJsonObject(found) ? found : undefined;
};

class TooMuch extends Error {}

/** Makes parts of what was read, and counts them. */
class PartReader {
  weight = 0;
  #parts = maxParts;
  #characters = maxCharacters;
  readonly #reads: DocumentReads;
  readonly #textOf: (object: JsonObject) => string;

  constructor(reads: DocumentReads, textOf: (object: JsonObject) => string) {
    this.#reads = reads;
    this.#textOf = textOf;
  }

  objectPart(object: JsonObject): ObjectPart | WholePart {
    const read = this.#reads.of(object);
    if (read === undefined) return new ObjectPart([], [], undefined);
    if (this.#isWhole(object)) {
      const text = this.#textOf(object);
      this.#count(text);
      return new WholePart(text);
    }
    const all = read.isWhole ? Object.keys(object) : [];
    const keys = [...new Set([...read.keys, ...read.asked, ...all])];
    const parts = keys.map((key) => this.#partUnder(object, key, read.keys.has(key)));
    return new ObjectPart(keys, parts, read.isWhole ? all.length : undefined);
  }

  /** Whether everything in it was read. */
  #isWhole(value: JsonValue | undefined): boolean {
    if (Array.isArray(value)) return value.every((item: JsonValue) => this.#isWhole(item));
    if (!isJsonObject(value)) return true;
    const read = this.#reads.of(value);
    return (
      read?.isWhole === true &&
      Object.entries(value).every(([key, item]) => read.keys.has(key) && this.#isWhole(item))
    );
  }

  #partUnder(object: JsonObject, key: string, isRead: boolean): Part {
    this.#count(key);
    if (!Object.hasOwn(object, key)) return undefined;
    return isRead ? this.#part(object[key] ?? null) : there;
  }

  #part(value: JsonValue): Part {
    this.#count(typeof value === 'string' ? value : '');
    if (Array.isArray(value)) return value.map((item: JsonValue) => this.#part(item));
    return isJsonObject(value) ? this.objectPart(value) : (value as null | boolean | number | string);
  }

  #count(text: string): void {
    this.#parts -= 1;
    this.#characters -= text.length;
    if (this.#parts < 0 || this.#characters < 0) throw new TooMuch();
    this.weight += partBytes + 2 * text.length;
  }
}

const orderParts = (document: JsonObject, orders: readonly ObjectOrder[]): OrderParts | undefined => {
  if (orders.length === 0) return { places: [], orders: [] };
  const paths = pathsIn(document);
  if (paths === undefined) return undefined;
  const numbers = new Map<JsonObject, number>();
  const places: Path[] = [];
  const numberOf = (object: JsonObject): number => {
    const known = numbers.get(object);
    if (known !== undefined) return known;
    numbers.set(object, places.length);
    // Every object that is read stands in the document.
    return places.push(paths.get(object) ?? nowhere) - 1;
  };
  const parts = new Map<string, OrderPart>();
  for (const { one, other, order } of orders) {
    const part = { one: numberOf(one), other: numberOf(other), order };
    parts.set(`${part.one} ${part.other} ${order}`, part);
  }
  return { places, orders: [...parts.values()] };
};

/** @returns `undefined`: it is too much, or nobody could compare it */
export const partOfReads = (
  { document, isComparable, textOf }: ComparedDocument,
  reads: DocumentReads,
): ReadPart | undefined => {
  if (!isComparable || !reads.isComplete) return undefined;
  const reader = new PartReader(reads, textOf);
  try {
    const root = reader.objectPart(document);
    const parts = orderParts(document, reads.orders);
    if (parts === undefined || parts.orders.length > maxOrders) return undefined;
    return { root, compared: parts, weight: reader.weight + orderBytes * parts.orders.length };
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
};

const isEqualObject = (
  object: JsonObject,
  { keys, parts, size }: ObjectPart,
  document: ComparedDocument,
): boolean => {
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string;
    const part = parts[at];
    if (Object.hasOwn(object, key) ? !isEqual(object[key], part, document) : part !== undefined) return false;
  }
  return size === undefined || Object.keys(object).length === size;
};

const isEqualList = (value: unknown, parts: readonly Part[], document: ComparedDocument): boolean =>
  Array.isArray(value) &&
  value.length === parts.length &&
  parts.every((one, at) => isEqual((value as readonly JsonValue[])[at], one, document));

/** `value` is there. */
const isEqual = (value: JsonValue | undefined, part: Part, document: ComparedDocument): boolean => {
  if (part === there) return true;
  if (part === undefined) return false;
  if (part === null || typeof part !== 'object') return value === part;
  if (part instanceof ObjectPart) return isJsonObject(value) && isEqualObject(value, part, document);
  if (part instanceof WholePart) return isJsonObject(value) && document.textOf(value) === part.text;
  return isEqualList(value, part, document);
};

const areOrdered = ({ document, orderOf }: ComparedDocument, { places, orders }: OrderParts): boolean => {
  const objects = places.map((place) => objectAt(document, place));
  return orders.every(({ one, other, order }) => {
    const [first, second] = [objects[one], objects[other]];
    if (first === undefined || second === undefined) return false;
    const found = orderOf(first, second);
    return order === 'different' ? found !== 0 : found === order;
  });
};

/** Whether whoever read that part would read the same in this document. */
export const holdsPart = (document: ComparedDocument, { root, compared: parts }: ReadPart): boolean =>
  document.isComparable && isEqual(document.document, root, document) && areOrdered(document, parts);
