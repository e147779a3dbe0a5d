import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { processEnv } from '../../environments/process-env.js';
import { placeDev } from './place-dev.js';

const LEFT_OUT = new Set(['.git', '.platform', 'cdktf.out', 'node_modules']);

/** A git repository of its own with this project's sources as the only commit, and this project's dependencies. */
export class Clone {
  readonly folder = join(mkdtempSync(join(realpathSync.native(tmpdir()), 'redis-platform-clone-')), 'project');

  constructor() {
    cpSync(resolve(), this.folder, {
      recursive: true,
      filter: (path) => path === resolve() || !LEFT_OUT.has(basename(path)),
    });
    placeDev(this.folder);
    symlinkSync(resolve('node_modules'), join(this.folder, 'node_modules'), 'junction');
    this.git('init', '--quiet', '--initial-branch=main');
    this.commit('base');
  }

  git(...args: string[]): string {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid', '-c', 'core.autocrlf=false'];
    const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], { cwd: this.folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }
  commit(message: string): void {
    // The link to the dependencies is no folder, so .gitignore does not cover it.
    writeFileSync(join(this.folder, '.git', 'info', 'exclude'), 'node_modules\n');
    this.git('add', '--all');
    this.git('commit', '--quiet', '--no-verify', '--message', message);
  }
  edit(path: string, from: string, to: string): void {
    const file = join(this.folder, path);
    const parts = readFileSync(file, 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times: ${from}`);
    writeFileSync(file, parts.join(to));
  }
  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Runs a command as users do. */
  start(...args: string[]) {
    const child = spawn(process.execPath, ['bootstrap.mjs', ...args], {
      cwd: this.folder,
      env: { ...processEnv, PLATFORM_ENV: '', PLATFORM_INSTANCE: '', NO_COLOR: '1' },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
      child.on('close', (code) => {
        done({ code, stdout, stderr });
      });
    });
    return { child, ended };
  }
  run(...args: string[]) {
    return this.start(...args).ended;
  }
  remove(): void {
    rmSync(resolve(this.folder, '..'), { recursive: true, force: true, maxRetries: 5 });
  }
}
