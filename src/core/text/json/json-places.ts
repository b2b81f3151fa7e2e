import { endOfString, keyTextOf, skipSeparators, valuesOf } from './json-source.ts';
import type { Place, Places, TextStart } from '../parsed-text.ts';

const brace = 0x7b;
const bracket = 0x5b;

/** Where the value of a key or an index begins. */
type Step = (step: string | number) => number | undefined;

const stepInList = (text: string, start: number): Step => {
  const passed: number[] = [];
  const next = valuesOf(text, start, (at) => at);
  return (step) => {
    const index = Number(step);
    while (passed.length <= index) {
      const at = next();
      if (at === undefined) return undefined;
      passed.push(at);
    }
    return passed[index];
  };
};

const stepInMap = (text: string, start: number): Step => {
  const passed = new Map<string, number>();
  let name = '';
  const next = valuesOf(text, start, (at) => {
    const end = endOfString(text, at);
    name = keyTextOf(text, { start: at, end });
    return skipSeparators(text, end);
  });
  return (step) => {
    const wanted = String(step);
    const known = passed.get(wanted);
    if (known !== undefined) return known;
    for (let at = next(); at !== undefined; at = next()) {
      passed.set(name, at);
      if (name === wanted) return at;
    }
    return undefined;
  };
};

const stepFrom = (text: string, start: number): Step | undefined => {
  const first = text.charCodeAt(start);
  if (first === brace) return stepInMap(text, start);
  return first === bracket ? stepInList(text, start) : undefined;
};

/** Looks no further than the place: a text of many objects may be one line. */
const placeFrom = (text: string, { offset, line, column }: TextStart, wanted: number): Place => {
  let lines = 0;
  let lineStart = offset + 1 - column;
  const between = text.slice(offset, wanted);
  for (let at = between.indexOf('\n'); at >= 0; at = between.indexOf('\n', at + 1)) {
    lines++;
    lineStart = offset + at + 1;
  }
  return { line: line + lines, column: wanted - lineStart + 1 };
};

/**
 * The places of values in a JSON text that was read before. The reader keeps nothing for them, because most objects have
 * no finding. The search in one object passes each value once, however many places are asked for.
 */
export const jsonPlaces = (text: string, start: TextStart): Places => {
  const passed = new Map<number, Step | undefined>();
  const stepAt = (at: number): Step | undefined => {
    const known = passed.get(at);
    if (known !== undefined) return known;
    const step = stepFrom(text, at);
    passed.set(at, step);
    return step;
  };
  return (steps) => {
    let offset = start.offset;
    for (const step of steps) {
      const next = stepAt(offset)?.(step);
      if (next === undefined) break;
      offset = next;
    }
    return placeFrom(text, start, offset);
  };
};
