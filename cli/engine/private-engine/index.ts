import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { processEnv } from '../../../environments/process-env.js';
import { untilAnswers } from '../start.js';
import type { Engine } from '../engine.js';
import { careFor } from '../../bootstrap/interruption.mjs';
import { type Holder, withLock } from '../../bootstrap/lock.mjs';
import { OPEN_FILES } from '../open-files.js';
import { runProgram } from '../../bootstrap/programs.mjs';
import { checkVersion, ensureRoot, type EngineVersion, flagsOf, folderOf, removeTree } from './root.js';

/** Set for what runs where the network leads nowhere: its value is the engine's version. */
export const PRIVATE_ENGINE = 'REDIS_PLATFORM_PRIVATE_ENGINE';

export { ENGINE_VERSIONS, type EngineVersion, requirePrivateEngine } from './root.js';

/** An engine beside the one that the machine has, with a network of its own that leads nowhere. */
export interface PrivateEngine {
  readonly engine: Engine;
  /**
   * Runs a program of this machine where the ports are that the engine publishes, with this terminal.
   * @returns its exit code
   */
  readonly run: (program: string, args: readonly string[]) => Promise<number>;
}

/**
 * Starts an engine, lets it be used, and ends it with all that it runs and holds: nothing is left but its program files. It lives in
 * namespaces of its own, whose first process dies with this one however that ends, and the kernel then takes processes, mounts, networks
 * and packet rules with it.
 * @param say is told what is done, as it takes its time
 * @throws PlatformError if it cannot be made or started
 */
export async function withPrivateEngine<T>(
  version: EngineVersion,
  work: (engine: PrivateEngine) => Promise<T>,
  say?: (deed: string) => void,
): Promise<T> {
  const folder = folderOf(version);
  return withLock(
    join(folder, 'lock'),
    async () => {
      const root = await ensureRoot(version, say);
      const home = join(folder, 'home');
      // Of a run that was killed.
      await removeTree(home);
      mkdirSync(join(home, 'data'), { recursive: true });
      for (const name of ['old', 'engine']) mkdirSync(join(root, name), { recursive: true });
      say?.('starting it');
      const running = new RunningEngine(version, root, home, join(folder, 'dockerd.log'));
      try {
        return await work(await running.ready());
      } finally {
        await running.end();
        await removeTree(home);
        running.gone();
      }
    },
    { command: `the tests on a Docker engine ${version}`, onWait: sayWaiting },
  );
}

function sayWaiting({ pid, command }: Holder): void {
  console.error(`Waiting for ${command} (process ${pid}).`);
}

/**
 * The first process of the new namespaces: makes a root of its own of $1, with the machine's devices and control groups, and becomes the
 * engine. A changed root alone would not do: containers could not be entered. $2 is where socket and data are.
 */
const START = `
root=$1 home=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$home" "$root/engine"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
cd "$root"
pivot_root . old
umount -l /old
ip link set lo up
ulimit -n ${OPEN_FILES} || ulimit -n "$(ulimit -H -n)"
exec docker-init -- dockerd "$@"`;

/** Of root, whatever PATH this process has. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

class RunningEngine {
  private readonly process: ChildProcess;
  private readonly exited: Promise<void>;
  private ended = false;
  private inside: { readonly kill: (signal: NodeJS.Signals) => void } | undefined;
  private readonly controlGroup = `redis-platform-engine-${process.pid}`;
  /** Everything is over and removed. */
  readonly gone: () => void;

  constructor(
    private readonly version: EngineVersion,
    root: string,
    private readonly home: string,
    private readonly logFile: string,
  ) {
    const log = openSync(logFile, 'w');
    const namespaces = ['--net', '--mount', '--pid', '--ipc', '--fork', '--kill-child'];
    const dockerd = [
      ...['--host', 'unix:///engine/docker.sock', '--data-root', '/engine/data', '--exec-root', '/run/docker'],
      ...['--pidfile', '/run/docker.pid', '--cgroup-parent', `/${this.controlGroup}`, ...flagsOf(version)],
    ];
    this.process = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-ec', START, 'sh', root, home, ...dockerd],
      // A session of its own: Ctrl-C is not for it.
      { detached: true, stdio: ['ignore', log, log], env: { PATH } },
    );
    closeSync(log);
    this.exited = new Promise((done) => {
      const end = () => {
        this.ended = true;
        done();
      };
      this.process.on('exit', end).on('error', end);
    });
    const { promise, resolve } = deferred();
    this.gone = resolve;
    careFor({
      what: `the tests on engine ${version}`,
      // What runs inside ends in good order, and the engine after it.
      interrupt: (signal) => {
        if (this.inside) this.inside.kill(signal);
        else this.kill();
      },
      kill: () => {
        this.inside?.kill('SIGKILL');
        this.kill();
      },
      ended: promise,
    });
  }

  async ready(): Promise<PrivateEngine> {
    const address = { host: `unix://${join(this.home, 'docker.sock')}`, origin: `--engine ${this.version}` };
    const engine = await untilAnswers({ address, hasEnded: () => this.ended, logFile: this.logFile });
    checkVersion(this.version, engine.version);
    return { engine, run: (program, args) => this.run(engine, program, args) };
  }

  /** Its containers, if there are any left, end with it. */
  async end(): Promise<void> {
    this.kill();
    await this.exited;
    await removeControlGroups(this.controlGroup);
  }

  private async run(engine: Engine, program: string, args: readonly string[]): Promise<number> {
    // What points to another engine.
    const others = Object.fromEntries(Object.entries(processEnv).filter(([name]) => !name.startsWith('DOCKER_')));
    const child = execa('nsenter', [`--net=/proc/${this.process.pid}/ns/net`, program, ...args], {
      reject: false,
      stdio: 'inherit',
      extendEnv: false,
      env: { ...others, ...engine.environment, [PRIVATE_ENGINE]: this.version },
    });
    this.inside = child;
    const { exitCode } = await child;
    this.inside = undefined;
    return exitCode ?? 1;
  }

  /** The namespaces' first process, with which the kernel ends all others before it is gone itself. */
  private kill(): void {
    if (this.ended || this.process.pid === undefined) return;
    const { pid } = this.process;
    const [first = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    process.kill(first === '' ? pid : Number(first), 'SIGKILL');
  }
}

/** Empty ones, of containers that did not end by themselves; on cgroup v1 one in each hierarchy. */
async function removeControlGroups(name: string): Promise<void> {
  const top = '/sys/fs/cgroup';
  const found = [top, ...readdirSync(top).map((hierarchy) => join(top, hierarchy))]
    .map((folder) => join(folder, name))
    .filter(existsSync);
  if (found.length > 0) await runProgram('find', [...found, '-depth', '-type', 'd', '-delete']);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
