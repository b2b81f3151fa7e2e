import { execFileSync } from 'node:child_process';
export const measureCheck = async (_work: string, _policies: string): Promise<void> => void execFileSync;
