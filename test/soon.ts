/** For `vi.waitFor`: what comes at once, on a machine that has other work too. Nothing waits for its end but a failure. */
export const soon = { timeout: 30_000, interval: 5 };
