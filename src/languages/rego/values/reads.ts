import type { JsonObject } from '../../../core/text/json/json.ts';

/** What was read of one object of a document. */
export interface ObjectReads {
  /** Keys that were looked up, found or not. */
  readonly keys: Set<string>;
  /** Keys of which somebody asked whether they are there. */
  readonly asked: Set<string>;
  /** Whether somebody asked which keys there are. */
  isWhole: boolean;
}

/** What came of comparing two objects of a document: not what stands in them. */
export interface ObjectOrder {
  readonly one: JsonObject;
  readonly other: JsonObject;
  /** Negative, zero or positive; `different`: somebody asked for no more. */
  readonly order: number | 'different';
}

/** Reads beyond these are not recorded: what reads so much is not worth to be kept. */
const maxReads = 2048;
/** Stands for halves of surrogates, of which several may be one key here. */
export const replacement = '\ufffd';

/** What an evaluation has read of a document, object by object. */
export class DocumentReads {
  readonly orders: ObjectOrder[] = [];
  readonly #objects = new Map<JsonObject, ObjectReads>();
  #left = maxReads;
  #isComplete = true;

  /** False: something was read that does not stand here. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  of(object: JsonObject): ObjectReads | undefined {
    return this.#objects.get(object);
  }

  /** Something that is no part of the document was read, or a part that nobody could compare. */
  giveUp(): void {
    this.#isComplete = false;
  }

  key(object: JsonObject, key: string): void {
    this.#add(this.#readsOf(object).keys, key);
  }

  asked(object: JsonObject, key: string): void {
    this.#add(this.#readsOf(object).asked, key);
  }

  keys(object: JsonObject): void {
    this.#readsOf(object).isWhole = true;
  }

  order(order: ObjectOrder): void {
    this.orders.push(order);
    this.#count();
  }

  #add(keys: Set<string>, key: string): void {
    if (keys.has(key)) return;
    keys.add(key);
    this.#count();
    if (key.includes(replacement)) this.giveUp();
  }

  #count(): void {
    this.#left -= 1;
    if (this.#left < 0) this.giveUp();
  }

  #readsOf(object: JsonObject): ObjectReads {
    const known = this.#objects.get(object);
    if (known !== undefined) return known;
    const fresh: ObjectReads = { keys: new Set(), asked: new Set(), isWhole: false };
    this.#objects.set(object, fresh);
    this.#count();
    return fresh;
  }
}

let current: DocumentReads | undefined;

/** Records what is read of documents meanwhile. An evaluation never waits, so there is one at a time. */
export const recordingReads = <T>(reads: DocumentReads, run: () => T): T => {
  const outer = current;
  current = reads;
  try {
    return run();
  } finally {
    current = outer;
  }
};

/** A value was looked up. An object of a document has texts as keys alone: no other key is ever found. */
export const noteKey = (object: JsonObject, key: unknown): void => {
  if (current?.isComplete === true && typeof key === 'string') current.key(object, key);
};
/** Somebody asked whether a key is there. */
export const noteAsked = (object: JsonObject, key: unknown): void => {
  if (current?.isComplete === true && typeof key === 'string') current.asked(object, key);
};
/** Somebody asked which keys there are, or how many. */
export const noteKeys = (object: JsonObject): void => {
  if (current?.isComplete === true) current.keys(object);
};
/** Two objects were compared: what came of it was read of them, and nothing else. */
export const noteOrder = <T extends number | boolean>(
  one: JsonObject,
  other: JsonObject,
  compare: () => T,
): T => {
  const reads = current;
  if (reads?.isComplete !== true) return compare();
  current = undefined;
  try {
    const result = compare();
    const order = typeof result === 'number' ? Math.sign(result) : result ? 0 : 'different';
    reads.order({ one, other, order });
    return result;
  } finally {
    current = reads;
  }
};
/** Something was read that is no part of a document. */
export const noteOther = (): void => current?.giveUp();
