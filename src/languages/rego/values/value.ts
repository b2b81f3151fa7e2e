import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { BigFloat } from './big-float.ts';
import { ExactNumber } from './exact-number.ts';
import { noteAsked, noteKey, noteKeys, noteOrder, replacement } from './reads.ts';
import { walk } from './walk-bound.ts';

/**
 * A value of Rego (Policy Language, "Scalar Values" and "Composite Values"). A `number` prints as JavaScript prints it; each other
 * number keeps its text.
 */
export type RegoValue =
  null | boolean | number | string | ExactNumber | readonly RegoValue[] | RegoObject | RegoSet;

/** What a literal or an operand without a value is. */
export type Maybe = RegoValue | undefined;

/** What stands for a value in a map of the engine: equal values have equal keys, others have others. */
export type MapKey = null | boolean | number | string;

/** Begins the keys of values that the engine compares by identity. A text that begins so is written as such a value. */
const mark = '\u0000';

const numberKey = (number: ExactNumber): number | string => {
  const { float } = number;
  if (Number.isSafeInteger(float) && /^-?\d{1,8000}$/.test(number.text)) return float === 0 ? 0 : float;
  if (/^-?\d{1,8000}$/.test(number.text)) return `${mark}n${number.text}`;
  const exact = BigFloat.parse(number.text);
  return exact.equals(BigFloat.fromNumber(float)) ? (float === 0 ? 0 : float) : `${mark}n${exact.text()}`;
};

const canonical = (value: RegoValue): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  walk(1);
  if (Array.isArray(value)) return `[${(value as readonly RegoValue[]).map(canonical).join(',')}]`;
  if (value instanceof RegoSet) return `<${value.sorted().map(canonical).join(',')}>`;
  if (value instanceof RegoObject)
    return `{${value
      .entries()
      .map(([key, item]) => `${canonical(key)}:${canonical(item)}`)
      .join(',')}}`;
  return String(mapKeyOf(value));
};

export const mapKeyOf = (value: RegoValue): MapKey => {
  if (typeof value === 'string') return value.charCodeAt(0) === 0 ? `${mark}s${value}` : value;
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof ExactNumber) return numberKey(value);
  return mark + canonical(value);
};

/** null < boolean < number < string < array < object < set (Policy Reference, "Comparison"). */
const rankOf = (value: RegoValue): number => {
  if (value === null) return 0;
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'number' || value instanceof ExactNumber) return 2;
  if (typeof value === 'string') return 3;
  if (value instanceof RegoObject) return 5;
  return value instanceof RegoSet ? 6 : 4;
};

/** Two texts by code point. UTF-16 puts the surrogates before U+E000, code points put them behind. */
export const compareText = (one: string, other: string): number => {
  if (one === other) return 0;
  const end = Math.min(one.length, other.length);
  let at = 0;
  while (at < end && one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  if (at === end) return one.length - other.length;
  const left = one.charCodeAt(at);
  const right = other.charCodeAt(at);
  const isHigh = left >= 0xd8_00 && right >= 0xd8_00;
  return isHigh ? ((left + 0x20_00) & 0xff_ff) - ((right + 0x20_00) & 0xff_ff) : left - right;
};

const floatOf = (value: number | ExactNumber): number => (value instanceof ExactNumber ? value.float : value);

const wholeOf = (value: number | ExactNumber): bigint | undefined => {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return /^-?\d{1,8000}$/.test(value.text) ? BigInt(value.text) : undefined;
};

/** Two integers compare exactly, others with the 64 bits that OPA computes with. */
const compareNumbers = (one: number | ExactNumber, other: number | ExactNumber): number => {
  const left = floatOf(one);
  const right = floatOf(other);
  if (left !== right || (typeof one === 'number' && typeof other === 'number')) return left - right;
  const [whole, otherWhole] = [wholeOf(one), wholeOf(other)];
  if (whole === undefined || otherWhole === undefined) return BigFloat.of(one).compare(BigFloat.of(other));
  return Number(whole - otherWhole);
};

const compareLists = (one: readonly RegoValue[], other: readonly RegoValue[]): number => {
  const end = Math.min(one.length, other.length);
  for (let at = 0; at < end; at++) {
    const order = compareValues(one[at] ?? null, other[at] ?? null);
    if (order !== 0) return order;
  }
  return one.length - other.length;
};

const compareObjects = (one: RegoObject, other: RegoObject): number =>
  RegoObject.compared(one, other, () =>
    compareLists(
      one.entries().flatMap((entry) => entry),
      other.entries().flatMap((entry) => entry),
    ),
  );

const compareComposites = (one: RegoValue, other: RegoValue): number => {
  walk(1);
  if (one instanceof RegoObject && other instanceof RegoObject) return compareObjects(one, other);
  if (one instanceof RegoSet && other instanceof RegoSet) return compareLists(one.sorted(), other.sorted());
  return compareLists(one as readonly RegoValue[], other as readonly RegoValue[]);
};

/** The total order of values (Policy Reference, "Comparison"): negative, zero or positive. */
export const compareValues = (one: RegoValue, other: RegoValue): number => {
  if (one === other) return 0;
  if (typeof one === 'string' && typeof other === 'string') return compareText(one, other);
  const rank = rankOf(one);
  const order = rank - rankOf(other);
  if (order !== 0) return order;
  if (rank === 2) return compareNumbers(one as number | ExactNumber, other as number | ExactNumber);
  return rank < 2 ? Number(one) - Number(other) : compareComposites(one, other);
};

const equalLists = (one: readonly RegoValue[], other: readonly RegoValue[]): boolean =>
  one.length === other.length && one.every((item, at) => equalValues(item, other[at] ?? null));

const equalEntries = (one: RegoObject, other: RegoObject): boolean => {
  if (one.size !== other.size) return false;
  return one.keys().every((key) => {
    const there = other.get(key);
    return there !== undefined && equalValues(one.get(key) ?? null, there);
  });
};
const equalObjects = (one: RegoObject, other: RegoObject): boolean =>
  RegoObject.compared(one, other, () => equalEntries(one, other));

const equalSets = (one: RegoSet, other: RegoSet): boolean =>
  one.size === other.size && one.sorted().every((item) => other.has(item));

const equalComposites = (one: RegoValue, other: RegoValue): boolean => {
  walk(1);
  if (one instanceof RegoObject) return other instanceof RegoObject && equalObjects(one, other);
  if (one instanceof RegoSet) return other instanceof RegoSet && equalSets(one, other);
  if (one instanceof ExactNumber || other instanceof ExactNumber)
    return rankOf(one) === rankOf(other) && compareValues(one, other) === 0;
  const isList = Array.isArray(one) && Array.isArray(other);
  return isList && equalLists(one as readonly RegoValue[], other as readonly RegoValue[]);
};

export const equalValues = (one: RegoValue, other: RegoValue): boolean => {
  if (one === other) return true;
  if (one === null || other === null) return false;
  return (typeof one === 'object' || typeof other === 'object') && equalComposites(one, other);
};

/** So many objects of a document are compared with one another; more of them are written to be compared. */
const maxCompared = 32;

/** A set. Whoever makes one fills it; afterwards nobody changes it. */
export class RegoSet {
  /** More than one rule may fill it. */
  isShared = false;
  readonly #members = new Map<MapKey, RegoValue>();
  /** Objects of a document, while there are no other objects: to write one would be to read all of it. */
  #recorded: RegoObject[] = [];
  #hasWritten = false;
  #sorted: readonly RegoValue[] | undefined;

  static of(values: Iterable<RegoValue>): RegoSet {
    const set = new RegoSet();
    for (const value of values) set.add(value);
    return set;
  }

  get size(): number {
    return this.#members.size + this.#recorded.length;
  }

  /** @returns how many characters were written to compare the value: a large one costs as much as it is long */
  add(value: RegoValue): number {
    if (!(value instanceof RegoObject) || this.#hasWritten) return this.#write(value);
    if (!value.isRecorded || this.#recorded.length >= maxCompared) {
      this.#writeRecorded();
      return this.#write(value);
    }
    if (this.#equalOf(value) === undefined) {
      this.#recorded.push(value);
      this.#sorted = undefined;
    }
    return 0;
  }

  has(value: RegoValue): boolean {
    return this.get(value) !== undefined;
  }

  /** The member that equals this value. */
  get(value: RegoValue): RegoValue | undefined {
    if (value instanceof RegoObject && !this.#hasWritten) {
      if (value.isRecorded) return this.#equalOf(value);
      if (this.#recorded.length > 0) this.#writeRecorded();
    }
    return this.#members.get(mapKeyOf(value));
  }

  values(): Iterable<RegoValue> {
    return this.#all();
  }

  sorted(): readonly RegoValue[] {
    this.#sorted ??= this.#all().sort(compareValues);
    return this.#sorted;
  }

  #all(): RegoValue[] {
    return [...this.#members.values(), ...this.#recorded];
  }

  /** From now on objects are written to be compared. */
  #writeRecorded(): void {
    this.#hasWritten = true;
    const recorded = this.#recorded;
    this.#recorded = [];
    for (const one of recorded) this.#write(one);
  }

  #equalOf(value: RegoObject): RegoObject | undefined {
    return this.#recorded.find((one) => equalValues(one, value));
  }

  #write(value: RegoValue): number {
    const key = mapKeyOf(value);
    if (!this.#members.has(key)) {
      this.#members.set(key, value);
      this.#sorted = undefined;
    }
    return typeof key === 'string' && key !== value ? key.length : 0;
  }
}

/** How what stands in a document becomes a value. */
export interface DocumentReading {
  readonly valueOf: (value: JsonValue) => RegoValue;
  /** Whether reads of its objects are recorded. */
  readonly isRecorded: boolean;
}

/** An object, whose keys are values of any kind. Whoever makes one fills it; afterwards nobody changes it. */
export class RegoObject {
  /** More than one rule may fill it. */
  isShared = false;
  /** Of an object of a document: what was looked up until now. */
  #values: Map<MapKey, RegoValue> | undefined;
  /** Keys that are not their own key of the map. */
  #keys: Map<MapKey, RegoValue> | undefined;
  #sorted: readonly RegoValue[] | undefined;
  /** The object of a document that it is, until all of it was read. */
  #document: JsonObject | undefined;
  #reading: DocumentReading | undefined;
  /** The same, where reads of it are recorded. Nobody reads it without saying so. */
  #recorded: JsonObject | undefined;

  /** An object of a document. What is in it becomes a value when somebody looks it up: policies read a small part of most. */
  static ofDocument(document: JsonObject, reading: DocumentReading): RegoObject {
    const object = new RegoObject();
    object.#document = document;
    object.#reading = reading;
    if (reading.isRecorded) object.#recorded = document;
    return object;
  }

  /** Compares two objects. Of two of a document, what comes of it is all that is read. */
  static compared<T extends number | boolean>(one: RegoObject, other: RegoObject, compare: () => T): T {
    const [first, second] = [one.#recorded, other.#recorded];
    return first === undefined || second === undefined ? compare() : noteOrder(first, second, compare);
  }

  static of(entries: Iterable<readonly [RegoValue, RegoValue]>): RegoObject {
    const object = new RegoObject();
    for (const [key, value] of entries) object.set(key, value);
    return object;
  }

  /** All values. */
  #map(): Map<MapKey, RegoValue> {
    const values = (this.#values ??= new Map());
    if (this.#document !== undefined && this.#reading !== undefined) {
      for (const [key, item] of Object.entries(this.#document)) {
        const text = key.toWellFormed();
        const isKnown = !text.includes(replacement) && values.has(mapKeyOf(text));
        if (item !== undefined && !isKnown) this.#put(values, text, this.#reading.valueOf(item));
      }
      // Only now. Attack: what nests too deeply for the engine fails once, and whoever looks next would find half of the object.
      this.#document = undefined;
    }
    return values;
  }

  /** The value under a key of a document, and of no other key. */
  #lookUp(document: JsonObject, { valueOf }: DocumentReading, key: string): RegoValue | undefined {
    if (key.includes(replacement)) return this.#map().get(mapKeyOf(key));
    const known = this.#values?.get(mapKeyOf(key));
    const item = known === undefined && Object.hasOwn(document, key) ? document[key] : undefined;
    if (item === undefined) return known;
    const value = valueOf(item);
    this.#put((this.#values ??= new Map()), key, value);
    return value;
  }

  /** @returns how many characters were written to compare the key */
  #put(values: Map<MapKey, RegoValue>, key: RegoValue, value: RegoValue): number {
    const at = mapKeyOf(key);
    if (!values.has(at)) {
      this.#sorted = undefined;
      if (at !== key) (this.#keys ??= new Map()).set(at, key);
    }
    values.set(at, value);
    return typeof at === 'string' && at !== key ? at.length : 0;
  }

  /** Whether reads of it are recorded. */
  get isRecorded(): boolean {
    return this.#recorded !== undefined;
  }

  get size(): number {
    if (this.#recorded !== undefined) noteKeys(this.#recorded);
    return this.#map().size;
  }

  /** @returns how many characters were written to compare the key */
  set(key: RegoValue, value: RegoValue): number {
    return this.#put(this.#map(), key, value);
  }

  get(key: RegoValue): RegoValue | undefined {
    if (this.#recorded !== undefined) noteKey(this.#recorded, key);
    if (this.#document !== undefined && this.#reading !== undefined && typeof key === 'string')
      return this.#lookUp(this.#document, this.#reading, key);
    return this.#map().get(typeof key === 'string' && key.charCodeAt(0) !== 0 ? key : mapKeyOf(key));
  }

  has(key: RegoValue): boolean {
    if (this.#recorded !== undefined) noteAsked(this.#recorded, key);
    const document = this.#document;
    return document !== undefined && typeof key === 'string' && !key.includes(replacement)
      ? Object.hasOwn(document, key) && document[key] !== undefined
      : this.#map().has(mapKeyOf(key));
  }

  /** The keys in order. */
  keys(): readonly RegoValue[] {
    if (this.#recorded !== undefined) noteKeys(this.#recorded);
    if (this.#sorted === undefined) {
      const values = this.#map();
      const others = this.#keys;
      const keys = [...values.keys()].map((key) => others?.get(key) ?? (key as RegoValue));
      this.#sorted = keys.sort(compareValues);
    }
    return this.#sorted;
  }

  /** The entries in the order of their keys. */
  entries(): readonly (readonly [RegoValue, RegoValue])[] {
    return this.keys().map((key) => [key, this.get(key) ?? null] as const);
  }

  values(): readonly RegoValue[] {
    return this.keys().map((key) => this.get(key) ?? null);
  }

  copy(): RegoObject {
    return RegoObject.of(this.entries());
  }
}
