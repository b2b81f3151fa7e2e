import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createBacklog } from './backlog.ts';

/** Writes in turns, only from so many bytes on, and ignores a flush during a turn, as `pino.destination` does. */
class BufferedFile extends EventEmitter {
  waiting = 0;
  written = 0;
  #underWay = 0;

  write({ length }: Buffer): void {
    this.waiting += length;
    if (this.waiting > 100) this.#begin();
  }

  flush(): void {
    this.#begin();
  }

  #begin(): void {
    if (this.#underWay > 0) return;
    this.#underWay = this.waiting;
    this.waiting = 0;
  }

  /** @returns whether a turn ended */
  endTurn(): boolean {
    if (this.#underWay === 0) return false;
    const bytes = this.#underWay;
    this.#underWay = 0;
    this.written += bytes;
    this.emit('write', bytes);
    if (this.waiting > 100) this.#begin();
    else this.emit('drain');
    return true;
  }
}

test('what is flushed during a write is written after it, though it is little', () => {
  const file = new BufferedFile();
  const backlog = createBacklog(file);
  backlog.write(Buffer.alloc(150));
  backlog.write(Buffer.alloc(10));
  backlog.flush();
  let turns = 0;
  while (file.endTurn()) turns += 1;
  expect([file.written, backlog.bytes(), turns]).toEqual([160, 0, 2]);
});

test('what nobody flushes waits for more', () => {
  const file = new BufferedFile();
  const backlog = createBacklog(file);
  backlog.write(Buffer.alloc(150));
  backlog.write(Buffer.alloc(10));
  while (file.endTurn());
  expect(file.written).toBe(150);
});
