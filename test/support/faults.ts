import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from './eventually.js';
import { runHelper } from './helper-container.js';
import type { Platform } from './platform.js';

/** Things that go wrong. Containers are given by their short names, e.g. `redis-0`. */
export class Faults {
  constructor(private readonly platform: Platform) {}

  /** SIGKILL of redis-server alone; its supervisor lives and sees it die. */
  killRedisServer(name: string): Promise<void> {
    return this.killProcess(name, 'redis-server');
  }
  /** SIGKILL of the one process of a container that runs this program. */
  async killProcess(name: string, program: string): Promise<void> {
    await this.onEngineMachine(`kill -9 ${await this.pidOf(name, program)}`);
  }
  /** Freezes the one process of a container that runs this program, and no other, for a while. If it ends meanwhile, that is all. */
  async freezeProcess(name: string, program: string, milliseconds: number): Promise<void> {
    const pid = await this.pidOf(name, program);
    await this.onEngineMachine(`kill -STOP ${pid}; sleep ${milliseconds / 1000}; kill -CONT ${pid} || true`);
  }
  /** Takes a container off all of its networks for a while, and gives it back each with the address that it had. */
  async cutOff(name: string, milliseconds: number): Promise<void> {
    const container = this.platform.container(name);
    const { Id, NetworkSettings } = await container.inspect();
    const networks = Object.entries(NetworkSettings.Networks);
    for (const [network] of networks) {
      await this.platform.docker.getNetwork(network).disconnect({ Container: Id, Force: true });
    }
    await pause(milliseconds);
    for (const [network, settings] of networks) {
      // dockerode leaves these two untyped.
      const { IPAMConfig, Aliases } = settings as {
        IPAMConfig: { IPv4Address?: string } | null;
        Aliases: string[] | null;
      };
      const address = IPAMConfig?.IPv4Address;
      await this.platform.docker.getNetwork(network).connect({
        Container: Id,
        EndpointConfig: {
          ...(address !== undefined && { IPAMConfig: { IPv4Address: address } }),
          ...(Aliases && { Aliases }),
        },
      });
    }
  }
  /** SIGKILL of a container's first process: all in it die at once, and the engine starts it again. */
  async killContainerProcess(name: string): Promise<void> {
    const { State } = await this.platform.container(name).inspect();
    await this.onEngineMachine(`kill -9 ${State.Pid}`);
  }
  /** SIGKILL by the engine, which then does not start it again. */
  async killForGood(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.platform.container(name).kill({ signal: 'SIGKILL' })));
  }
  async start(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.platform.container(name).start()));
  }
  /** Returns when it has stopped. */
  async stop(name: string): Promise<void> {
    await this.platform.container(name).stop();
  }
  async restart(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.platform.container(name).restart()));
  }
  /** On cgroup v1 the kernel now and then cannot freeze a container in which a process is just starting; the next try can. */
  async freeze(...names: string[]): Promise<void> {
    await Promise.all(
      names.map((name) => eventually(() => this.platform.container(name).pause(), { within: Duration.seconds(20) })),
    );
  }
  async unfreeze(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.platform.container(name).unpause()));
  }
  async remove(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.platform.container(name).remove({ force: true })));
  }
  /** Removes a container with its data; the logs stay, as the shipper reads them. */
  async removeWithData(name: string): Promise<void> {
    const { docker, topology } = this.platform;
    const instance = topology.services.flatMap(({ instances }) => instances).find((one) => one.name === name);
    await this.remove(name);
    for (const volume of instance?.volumes.filter(({ path }) => path === '/data') ?? [])
      await docker.getVolume(volume.name).remove();
  }
  /** Takes back what a test that failed half-way left frozen or stopped. */
  async undo(): Promise<void> {
    const names = this.platform.topology.services.flatMap(({ instances }) => instances.map(({ name }) => name));
    await Promise.all(
      names.map(async (name) => {
        const container = this.platform.container(name);
        const state = await container.inspect().then(({ State }) => State, absent);
        if (state?.Paused) await container.unpause();
        else if (state && !state.Running && !state.Restarting) await container.start();
      }),
    );
  }

  private async pidOf(name: string, program: string): Promise<number> {
    const processes = await this.platform.processes(name);
    const [found, ...others] = processes.filter(({ command }) => {
      const [path = ''] = command.split(' ');
      return path === program || path.endsWith(`/${program}`);
    });
    if (!found || others.length > 0)
      throw new Error(`${name} runs ${processes.map(({ command }) => command).join('; ')}`);
    return found.pid;
  }
  /** From within the engine's machine, which is a virtual one under Docker Desktop. `docker kill` would cancel the restart policy. */
  private async onEngineMachine(script: string): Promise<void> {
    await runHelper(this.platform, script, { user: '0:0', PidMode: 'host', CapAdd: ['KILL'] });
  }
}

/** How one of the project's commands ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  /** Both streams, as they came. */
  readonly all: string;
}

/** Runs one of the project's commands as people do. Never throws for its exit code. */
export async function command(platform: Pick<Platform, 'context'>, name: string, ...args: string[]): Promise<Ended> {
  const { exitCode, stdout, all } = await execa(process.execPath, commandLine(platform, name, ...args), {
    reject: false,
    all: true,
    stdin: 'ignore',
  });
  return { exitCode: exitCode ?? -1, stdout, all };
}

/** What to give Node to run one of the project's commands on this deployment. */
export function commandLine({ context }: Pick<Platform, 'context'>, name: string, ...args: string[]): string[] {
  const instance = context.instance === undefined ? [] : ['--instance', context.instance];
  return ['bootstrap.mjs', name, '--env', context.environment.name, ...instance, ...args];
}

/** `npm start`, which must succeed. */
export async function bringUp(platform: Platform): Promise<string> {
  const { exitCode, all } = await command(platform, 'start');
  if (exitCode !== 0) throw new Error(`start ended with ${exitCode}:\n${all}`);
  await platform.reload();
  return all;
}

/** `npm start` that gets a signal after a while: SIGINT, as by Ctrl-C, or SIGKILL. Returns when it has ended, however. */
export async function interruptedStart(
  platform: Platform,
  signal: 'SIGINT' | 'SIGKILL',
  milliseconds: number,
): Promise<void> {
  const running = execa(process.execPath, commandLine(platform, 'start'), { reject: false, stdin: 'ignore' });
  await pause(milliseconds);
  running.kill(signal);
  await running;
}

/** When a container was started last; changes when the engine starts it again. */
export async function startedAt(platform: Platform, name: string): Promise<string> {
  return (await platform.container(name).inspect()).State.StartedAt;
}

/** Waits until the engine has started a container again. */
export async function restarted(platform: Platform, name: string, before: string): Promise<void> {
  await eventually(
    async () => {
      const { State } = await platform.container(name).inspect();
      if (!State.Running || State.StartedAt === before) throw new Error(`${name} has not been started again`);
    },
    { within: Duration.seconds(20) },
  );
}

function absent(error: unknown): undefined {
  if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404)) throw error;
}
