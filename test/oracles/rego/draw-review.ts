import { pick, type Next } from '../random.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const texts = [
  '',
  'a',
  'app',
  'nginx',
  'a,b,c',
  'registry.example.com/a:1',
  '100m',
  '12',
  'Ünïcode',
  '😀x',
  'x\ny',
];
const numbers = [0, 1, -1, 2, 3.5, 0.1, 255, 1_000_000, 1_000_001, 123_456_789_012, 1e21, 1e-7];
const names = ['a', 'app', 'name', 'owner', 'limit', '__proto__', 'constructor', 'é'];

const drawValue = (next: Next, depth: number): Json => {
  const turn = next();
  if (depth <= 0 || turn < 0.6) {
    if (turn < 0.3) return pick(next, texts);
    return turn < 0.55 ? pick(next, numbers) : pick(next, [true, false, null]);
  }
  const many = Math.floor(next() * 4);
  if (turn < 0.8) return Array.from({ length: many }, () => drawValue(next, depth - 1));
  return drawObject(next, many, () => drawValue(next, depth - 1));
};

const drawObject = (next: Next, many: number, value: () => Json): Json =>
  Object.fromEntries(Array.from({ length: many }, () => [pick(next, names), value()] as const));

const drawContainer = (next: Next): Json => ({
  name: pick(next, texts),
  ...(next() < 0.9 ? { image: pick(next, texts) } : {}),
  ...(next() < 0.6 ? { resources: { limits: drawObject(next, 2, () => pick(next, texts)) } } : {}),
});

/** What a template is asked about: fields of a Pod, some of them missing or of another type. */
export const drawReview = (next: Next): Json => ({
  kind: { group: '', version: 'v1', kind: pick(next, ['Pod', 'Service', '']) },
  operation: pick(next, ['CREATE', 'UPDATE', '']),
  object: {
    metadata: {
      name: pick(next, texts),
      ...(next() < 0.8 ? { labels: drawObject(next, 3, () => drawValue(next, 0)) } : {}),
      ...(next() < 0.5 ? { annotations: drawObject(next, 2, () => pick(next, texts)) } : {}),
    },
    spec: {
      containers: Array.from({ length: Math.floor(next() * 3) }, () => drawContainer(next)),
      ...(next() < 0.7 ? { replicas: pick(next, numbers) } : {}),
      ...(next() < 0.5 ? { hostNetwork: pick(next, [true, false]) } : {}),
      odd: drawValue(next, 3),
    },
  },
  namespaceObject: null,
});

export const drawParameters = (next: Next): Json => ({
  ...(next() < 0.8 ? { repos: Array.from({ length: Math.floor(next() * 3) }, () => pick(next, texts)) } : {}),
  ...(next() < 0.7 ? { limit: drawValue(next, 0) } : {}),
  labels: drawObject(next, 2, () => drawValue(next, 1)),
  exempt: drawValue(next, 2),
});
