import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { elfOf, goNote, inlineBlob, pointerProgram } from '../../../../test/fakes/go-program.ts';
import { createProgramReader, maxProgramData, type Program } from './program-reader.ts';

const read = (bytes: Uint8Array, chunk = bytes.length): Program | undefined => {
  const reader = createProgramReader(bytes.length);
  for (let at = 0; at < bytes.length; at += chunk) reader.body.write(bytes.subarray(at, at + chunk));
  reader.body.end();
  const found = reader.found();
  if (!found.ok) throw new Error(found.error.why);
  return found.value;
};
const listOf = (program: Program | undefined): readonly string[] =>
  (program?.packages ?? []).map(({ name, version }) => `${name} ${version}`);

const modules = [
  'path\texample.com/app',
  'mod\texample.com/app\tv1.2.3\t',
  'dep\tgolang.org/x/text\tv0.3.7\th1:olpwvP2KacW1ZWvsR7uQhoyTYvKAupfQrRGBFM352Gk=',
  'dep\texample.com/old\tv1.0.0',
  '=>\texample.com/new\tv2.0.0+incompatible\th1:x',
  'build\t-compiler=gc',
  '',
].join('\n');
const want = [
  'example.com/app v1.2.3',
  'golang.org/x/text v0.3.7',
  'example.com/new v2.0.0+incompatible',
  'stdlib 1.21.5',
];
const data = (bytes: Uint8Array) => ({ address: 0x20_0000, flags: 6, bytes });
const code = { address: 0x1000, flags: 5, bytes: Buffer.alloc(10_000, 0x90) };
const inline = (information: string, toolchain = 'go1.21.5'): Uint8Array =>
  elfOf([code, data(inlineBlob(toolchain, information))]);

describe('a program of Go', () => {
  test.each([
    ['with its texts in the blob', inline(modules)],
    ['with pointers', pointerProgram('go1.21.5', modules)],
    ['with pointers of 32 bits', pointerProgram('go1.21.5', modules, { bits: 32 })],
    ['with pointers of the other order', pointerProgram('go1.21.5', modules, { isBigEndian: true })],
    [
      'that is loaded by another program, and whose linker left its note',
      pointerProgram('go1.21.5', modules, { isDynamic: true, notes: goNote }),
    ],
    [
      'of the other order with such a note',
      pointerProgram('go1.21.5', modules, { isDynamic: true, notes: goNote, isBigEndian: true, bits: 32 }),
    ],
    [
      'that is loaded by another program, with its texts in the blob',
      elfOf([code, data(inlineBlob('go1.21.5', modules))], { isDynamic: true }),
    ],
    ['that is a shared one', elfOf([data(inlineBlob('go1.21.5', modules))], { type: 3 })],
    [
      'behind other data',
      elfOf([data(Buffer.concat([Buffer.alloc(4096, 0xff), inlineBlob('go1.21.5', modules)]))]),
    ],
    [
      'behind a blob that says nothing',
      elfOf([data(Buffer.concat([inlineBlob('', ''), Buffer.alloc(14), inlineBlob('go1.21.5', modules)]))]),
    ],
  ])('%s lists its modules, replaced ones by what they were replaced with', (_, bytes) => {
    for (const chunk of [bytes.length, 4096, 4095, 100]) {
      const program = read(bytes, chunk);
      expect(listOf(program)).toEqual(want);
      expect(program).toMatchObject({ unknown: [], isTelling: true });
    }
  });

  test.each([
    ['(devel)', 'mod\texample.com/app\t(devel)\t\n', ['example.com/app']],
    ['a local replacement', 'dep\texample.com/a\tv1.0.0\n=>\t./a\t\t\n', ['example.com/a']],
    ['another form of it', 'dep\texample.com/a\tv1.0.0\n=>\t../a\t(devel)\t\n', ['example.com/a']],
    ['no version at all', 'dep\texample.com/a\n', ['example.com/a']],
  ])('V14: %s has no version', (_, lines, unknown) => {
    const program = read(inline(lines));
    expect(listOf(program)).toEqual(['stdlib 1.21.5']);
    expect(program?.unknown).toEqual(unknown);
  });

  test.each([
    ['go1.22rc1', ['stdlib 1.22.0-rc.1'], []],
    ['go1.20.4 X:boringcrypto', ['stdlib 1.20.4'], []],
    ['devel go1.23-0123456 Mon', [], ['stdlib of devel go1.23-0123456 Mon']],
  ])('V14: the standard library of %s', (toolchain, packages, unknown) => {
    const program = read(inline('path\tmain\n', toolchain));
    expect(listOf(program)).toEqual(packages);
    expect(program?.unknown).toEqual(unknown);
  });

  test('that was built without modules names its library, and tells nothing of the rest', () => {
    expect(read(inline(''))).toMatchObject({ packages: [{ name: 'stdlib' }], isTelling: false });
  });
});

describe('other files', () => {
  test.each<[string, Uint8Array, Partial<Program> | undefined]>([
    ['a program of C', elfOf([code, data(Buffer.alloc(5000, 7))]), { packages: [], isTelling: false }],
    ['a blob in code', elfOf([{ ...code, bytes: inlineBlob('go1.21.5', modules) }]), { isTelling: false }],
    [
      'a blob between places',
      elfOf([data(Buffer.concat([Buffer.alloc(8), inlineBlob('go1.21.5', modules)]))]),
      { isTelling: false },
    ],
    ['an object file', elfOf([data(inlineBlob('go1.21.5', modules))], { type: 1 }), undefined],
    [
      'a dynamic program with pointers whose note was taken away',
      pointerProgram('go1.21.5', modules, { isDynamic: true }),
      { packages: [], isTelling: false },
    ],
    [
      'notes that lead out of the first page',
      pointerProgram('go1.21.5', modules, { isDynamic: true, notes: () => Buffer.alloc(1000, 0xff) }),
      { packages: [], isTelling: false },
    ],
    ['a script', Buffer.from('#!/bin/sh\n'), undefined],
    ['nothing', new Uint8Array(0), undefined],
    ['the beginning of a program', elfOf([code]).subarray(0, 100), { isTelling: false }],
  ])('%s', (_, bytes, program) => {
    const found = read(bytes);
    if (program === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(program);
  });

  test('holes of a sparse file are zeros', () => {
    const bytes = inline(modules);
    const from = bytes.findIndex((byte, at) => at >= 4096 && byte === 0xff);
    const reader = createProgramReader(bytes.length);
    reader.body.write(bytes.subarray(0, 700));
    reader.body.hole(from - 700);
    reader.body.write(bytes.subarray(from));
    reader.body.end();
    const found = reader.found();
    expect(found.ok && listOf(found.value)).toEqual(want);
  });
});

describe('V5: programs that nobody can trust', () => {
  test('keep no more than the limit, whatever their segments claim', () => {
    const bytes = Buffer.from(elfOf([data(Buffer.alloc(16)), data(Buffer.alloc(16))]));
    for (const entry of [64, 120]) bytes.writeBigUInt64LE(BigInt(maxProgramData), entry + 32);
    const before = process.memoryUsage().arrayBuffers;
    const reader = createProgramReader(2 ** 40);
    reader.body.write(bytes);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(maxProgramData * 1.5);
    reader.body.end();
    expect(reader.found()).toMatchObject({ value: { isTelling: false } });
  });

  test.each([
    ['of a dynamic program', { isDynamic: true }, 0],
    ['of a static one', {}, 3_000_000],
    ['of one of Go', { isDynamic: true, notes: goNote }, 3_000_000],
  ])('the constants %s are kept until it was read, and no longer', (_, form, kept) => {
    const constants = { address: 1, flags: 4, bytes: Buffer.alloc(3_000_000) };
    const bytes = elfOf([code, data(Buffer.alloc(16)), constants], form);
    const reader = createProgramReader(bytes.length);
    reader.body.write(bytes);
    reader.body.end();
    let freed = 0;
    // oxlint-disable-next-line typescript/unbound-method -- it is called with the buffer that is freed
    const { transfer } = ArrayBuffer.prototype;
    // The memory of the process says nothing: collections free at any time what other tests have left.
    const freeing = vi.spyOn(ArrayBuffer.prototype, 'transfer').mockImplementation(function (
      this: ArrayBuffer,
      length?: number,
    ) {
      freed += this.byteLength;
      return transfer.call(this, length);
    });
    reader.found();
    freeing.mockRestore();
    expect(Math.round(freed / 1e6) * 1e6).toBe(kept);
  });

  test('a million modules are not listed', () => {
    const reader = createProgramReader(2 ** 30);
    reader.body.write(inline('dep\ta\tv1\n'.repeat(100_000)));
    reader.body.end();
    expect(reader.found()).toMatchObject({ error: { kind: 'limit' } });
  });

  test('any damage ends in a list or in none', () => {
    const whole = [inline(modules), pointerProgram('go1.21.5', modules)];
    const place = fc.oneof(fc.nat(300), fc.integer({ min: 4096, max: 12_500 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(place, fc.nat(255)), { maxLength: 8 }),
        fc.nat(20_000),
        (changes, length) => {
          for (const one of whole) {
            const bytes = Uint8Array.from(one);
            for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
            expect(() => read(bytes)).not.toThrow();
            expect(() => read(bytes.subarray(0, length))).not.toThrow();
          }
        },
      ),
    );
  });
});
