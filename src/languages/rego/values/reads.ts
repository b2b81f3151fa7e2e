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

/** Reads beyond these are not recorded: what reads so much is not worth to be kept. */
const maxReads = 2048;
/** Stands for halves of surrogates, of which several may be one key here. */
const replacement = '\ufffd';

/** What an evaluation has read of a document, object by object. */
export class DocumentReads {
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

  #add(keys: Set<string>, key: string): void {
    if (keys.has(key)) return;
    keys.add(key);
    this.#left -= 1;
    if (this.#left < 0 || key.includes(replacement)) this.giveUp();
  }

  #readsOf(object: JsonObject): ObjectReads {
    const known = this.#objects.get(object);
    if (known !== undefined) return known;
    const fresh: ObjectReads = { keys: new Set(), asked: new Set(), isWhole: false };
    this.#objects.set(object, fresh);
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
/** Something was read that is no part of a document. */
export const noteOther = (): void => current?.giveUp();
