import { existsSync, readFileSync } from 'node:fs';
import { win32 } from 'node:path';
import { findProgram, runProgram } from '../bootstrap/programs.mjs';
import { readExcludedPorts } from '../preflight/excluded-ports.js';
import type { Attempt, WindowsFacts } from './facts.js';
import { ASK_DEFENDER, parseDefender } from './readings/defender.js';
import { decodeWindowsText } from './readings/windows-text.js';
import { parseWslConfig } from './readings/wslconfig.js';
import { parseWslList, type WslDistribution } from './readings/wsl-list.js';

const ANSWER_MS = 15_000;

/** @param home the user's folder, where `.wslconfig` is */
export async function gatherWindowsFacts(home: string): Promise<WindowsFacts> {
  const file = win32.join(home, '.wslconfig');
  const [excludedPorts, wsl, executionPolicy, defender] = await Promise.all([
    tried(readExcludedPorts),
    tried(readWslList),
    tried(() => powershell('Get-ExecutionPolicy')),
    tried(async () => parseDefender(await powershell(ASK_DEFENDER))),
  ]);
  const wslConfig = existsSync(file) ? parseWslConfig(decodeWindowsText(readFileSync(file))) : undefined;
  return { excludedPorts, wsl, wslConfig, executionPolicy, defender };
}

async function readWslList(): Promise<WslDistribution[]> {
  const options = { timeoutMs: ANSWER_MS, encoding: 'latin1', env: { WSL_UTF8: '1' } } as const;
  const bytes = await runProgram(findProgram('wsl') ?? 'wsl.exe', ['--list', '--verbose'], options);
  return parseWslList(decodeWindowsText(Buffer.from(bytes, 'latin1')));
}

async function powershell(command: string): Promise<string> {
  const args = ['-NoProfile', '-NonInteractive', '-Command', command];
  return (await runProgram(findProgram('powershell') ?? 'powershell.exe', args, { timeoutMs: ANSWER_MS })).trim();
}

/** A program that is missing, or ends with an error, is no finding; what could not be seen is said so. */
export async function tried<T>(look: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { error: line };
  }
}
