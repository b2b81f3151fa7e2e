/**
 * Milliseconds that this thread worked on something: a machine that does other work too makes it take longer by the clock,
 * and no longer by this.
 */
export const threadTime = (work: () => unknown): number => {
  const started = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1000;
};

/** Milliseconds of CPU that this process has taken until now, all its threads together. */
export const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
