import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { runProgram } from '../bootstrap/programs.mjs';

const ANSWER_MS = 3000;

/** Who listens on a TCP port of this machine, for people: a best effort, undefined where it cannot be told. */
export async function describeHolder(port: number, platform = process.platform): Promise<string | undefined> {
  try {
    if (platform === 'win32') return await holderOnWindows(port);
    if (platform === 'darwin') return parseLsof(await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']));
    return await holderOnLinux(port);
  } catch {
    return undefined;
  }
}

async function holderOnLinux(port: number): Promise<string | undefined> {
  try {
    return parseSs(await run('ss', ['-Hltnp', `sport = :${port}`]));
  } catch {
    return holderFromProc(port);
  }
}

async function holderOnWindows(port: number): Promise<string | undefined> {
  const pid = parseNetstat(await run('netstat', ['-ano', '-p', 'TCP']), port);
  if (pid === undefined) return undefined;
  const name = parseTasklist(await run('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']));
  return describeWindows(name, pid);
}

/** Programs that hold ports for others, who are meant. */
const ON_BEHALF: Readonly<Record<string, string>> = {
  'wslrelay.exe':
    'a program in Windows Subsystem for Linux, e.g. a Redis of its own (`wsl --list --running` names the systems)',
  'wslservice.exe': 'a program in Windows Subsystem for Linux (`wsl --list --running` names the systems)',
  'com.docker.backend.exe': 'a container of Docker Desktop (`docker ps` lists them)',
};

export function describeWindows(name: string | undefined, pid: string): string {
  if (name === undefined) return `process ${pid}`;
  const holder = `${name} (process ${pid})`;
  const behalf = ON_BEHALF[name.toLowerCase()];
  return behalf === undefined ? holder : `${behalf}, through ${holder}`;
}

function run(program: string, args: string[]): Promise<string> {
  return runProgram(program, args, { timeoutMs: ANSWER_MS });
}

/** `LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=123,fd=6))`; other users' processes have no name. */
export function parseSs(output: string): string | undefined {
  const match = /\(\("([^"]+)",pid=(\d+)/.exec(output);
  return match ? `${match[1] ?? ''} (process ${match[2] ?? ''})` : undefined;
}

/** `p123`, then `credis-server`. */
export function parseLsof(output: string): string | undefined {
  const match = /^p(\d+)\r?\nc(.+)$/m.exec(output);
  return match ? `${match[2] ?? ''} (process ${match[1] ?? ''})` : undefined;
}

/** `  TCP    127.0.0.1:6379    0.0.0.0:0    LISTENING    4321`; the state is translated, so the empty far end tells listeners. */
export function parseNetstat(output: string, port: number): string | undefined {
  for (const line of output.split(/\r?\n/)) {
    const [protocol, local, far, , pid] = line.trim().split(/\s+/);
    if (protocol === 'TCP' && local?.endsWith(`:${port}`) && /:0$/.test(far ?? '') && pid !== undefined) return pid;
  }
  return undefined;
}

/** `"redis-server.exe","4321","Console","1","9,876 K"`, or a sentence where there is no such process. */
export function parseTasklist(output: string): string | undefined {
  return /^"([^"]+)","\d+"/m.exec(output)?.[1];
}

/** Where `ss` is missing. Shows this user's processes, or all of them to root. */
export function holderFromProc(port: number): string | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listenersIn(read(file), port));
  if (inodes.length === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (socketsOf(pid).some((inode) => inodes.includes(inode))) {
      return `${read(`/proc/${pid}/comm`).trim()} (process ${pid})`;
    }
  }
  return undefined;
}

/** Inodes of the listening sockets: state 0A, the local port in hex behind the address (man 5 proc). */
export function listenersIn(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const cells = line.trim().split(/\s+/);
    const inode = cells[9];
    return cells[1]?.endsWith(`:${hex}`) && cells[3] === '0A' && inode !== undefined ? [inode] : [];
  });
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    );
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
