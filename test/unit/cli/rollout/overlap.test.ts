import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { type DeploymentPaths, deploymentPaths } from '../../../../cli/context.js';
import {
  acceptOldAndNew,
  doorkeepers,
  refuseOld,
  withoutOverlap,
  withOverlap,
} from '../../../../cli/rollout/overlap.js';
import { prepareSecrets, readSecret } from '../../../../cli/deployment/secrets.js';
import {
  isOverlapping,
  recordSecrets,
  secretValues,
  settleSecrets,
} from '../../../../cli/deployment/secrets-in-use.js';
import { engineThat, framed } from '../../../support/fake-engine.js';
import { synth } from '../../../support/synth.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const { topology } = synth();
const sha256 = (value: string) => createHash('sha256').update(value).digest('hex');
let folder: string;
let paths: DeploymentPaths;

beforeEach(() => {
  folder = temporaryFolder('overlap');
  paths = deploymentPaths(folder, 'dev');
  prepareSecrets(topology, paths);
  settleSecrets(topology, paths);
});

interface Told {
  readonly admin: { readonly username: string; readonly passwords: readonly string[] };
  readonly users: Readonly<Record<string, readonly string[]>>;
}

/** An engine whose containers note what they are told. */
class Engine {
  readonly told = new Map<string, Told>();
  readonly commands: string[][] = [];

  constructor(private readonly failing?: string) {}

  get docker(): Docker {
    const getContainer = (container: string) => ({
      exec: ({ Cmd }: { Cmd: string[] }) => {
        this.commands.push(Cmd);
        const failed = container === this.failing;
        const start = () => {
          const stream = new PassThrough();
          const write = (text: string) => {
            this.told.set(container, JSON.parse(text) as Told);
            stream.end(failed ? framed('redis-node: no such command\n', 'stderr') : undefined);
            return true;
          };
          return Promise.resolve({
            write,
            destroy: () => undefined,
            [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
          });
        };
        return Promise.resolve({ start, inspect: () => Promise.resolve({ ExitCode: failed ? 2 : 0 }) });
      },
    });
    return engineThat({ getContainer }).docker;
  }
}

function rotate(...names: string[]): void {
  for (const name of names) rmSync(join(paths.secrets, name));
  prepareSecrets(topology, paths);
  recordSecrets(topology, paths);
}

describe('while a password changes', () => {
  it('every node and Sentinel is told all values, each its own users, with an administrator who is let in', async () => {
    const old = { app: readSecret(paths, 'redis-app'), admin: readSecret(paths, 'redis-admin') };
    rotate('redis-app', 'redis-admin');
    const engine = new Engine();
    await acceptOldAndNew(engine.docker, topology, paths, () => true);
    const containers = doorkeepers(topology).flatMap(({ instances }) => instances.map(({ container }) => container));
    expect([...engine.told.keys()].sort()).toEqual([...containers].sort());
    expect(containers.length).toBe(6);
    const node = engine.told.get(topology.services.find(({ name }) => name === 'redis')?.instances[0]?.container ?? '');
    expect(node?.admin).toEqual({ username: 'admin', passwords: [readSecret(paths, 'redis-admin'), old.admin] });
    expect(node?.users['app']).toEqual([sha256(readSecret(paths, 'redis-app')), sha256(old.app)]);
    expect(node?.users['probe']).toEqual([sha256(readSecret(paths, 'redis-probe'))]);
    const sentinel = engine.told.get(
      topology.services.find(({ name }) => name === 'redis-sentinel')?.instances[0]?.container ?? '',
    );
    expect(sentinel?.users['app']).toEqual([sha256(readSecret(paths, 'redis-sentinel-app'))]);
    expect(isOverlapping(paths)).toBe(true);
  });

  it('no password is in a command, which everybody on the machine can read', async () => {
    rotate('redis-app');
    const engine = new Engine();
    await acceptOldAndNew(engine.docker, topology, paths, () => true);
    const commands = engine.commands.flat().join(' ');
    for (const name of topology.secrets) {
      for (const value of secretValues(paths, name)) {
        expect([name, commands.includes(value) || commands.includes(sha256(value))]).toEqual([name, false]);
      }
    }
  });

  it('only those that run are told', async () => {
    rotate('redis-app');
    const engine = new Engine();
    await acceptOldAndNew(engine.docker, topology, paths, (name) => name === 'redis-1');
    expect(engine.told.size).toBe(1);
  });

  it('one that cannot be told is named, and the overlap stays on record for the next start to end', async () => {
    rotate('redis-app');
    const failing = topology.services.find(({ name }) => name === 'redis')?.instances[1]?.container ?? '';
    const engine = new Engine(failing);
    await expect(acceptOldAndNew(engine.docker, topology, paths, () => true)).rejects.toThrow(
      /redis-1 cannot be told which passwords to accept.*no such command/s,
    );
    await expect(refuseOld(engine.docker, topology, paths)).rejects.toThrow(/redis-1/);
    expect([isOverlapping(paths), secretValues(paths, 'redis-app').length]).toEqual([true, 2]);
  });

  it('the old ones are refused everywhere in the end', async () => {
    rotate('redis-app');
    const engine = new Engine();
    await refuseOld(engine.docker, topology, paths);
    for (const { users } of engine.told.values()) {
      for (const hashes of Object.values(users)) expect(hashes.length).toBe(1);
    }
    expect([isOverlapping(paths), secretValues(paths, 'redis-app').length]).toEqual([false, 1]);
  });
});

describe('old and new can be accepted side by side', () => {
  it('for everything that Redis and the Sentinels check, and for what one container alone or only the logs use', () => {
    expect(withoutOverlap(topology.secrets, topology)).toEqual([]);
    expect(withOverlap(['redis-app', 'redis-api', 'proxy-stats', 'redis-sentinel-peer'], topology)).toEqual([
      'redis-app',
      'redis-api',
      'redis-sentinel-peer',
    ]);
    const backups = synth({ backups: {} }).topology;
    expect(withoutOverlap(backups.secrets, backups)).toEqual([]);
    expect(withOverlap(['redis-backup'], backups)).toEqual(['redis-backup']);
  });

  it('but not for a secret that two containers share and nobody can be told about', () => {
    const services = topology.services.map((service) =>
      service.name === 'api'
        ? { ...service, files: [{ path: '/config/key', secret: true, text: '{{secret:shop-key}}' }] }
        : service,
    );
    expect(withoutOverlap(['shop-key', 'redis-app'], { ...topology, services })).toEqual(['shop-key']);
  });

  it('and not for any where no container can be told', () => {
    const services = topology.services.map((service) => ({ ...service, logins: null }));
    const alien = withoutOverlap(topology.secrets, { ...topology, services });
    expect(alien).toContain('redis-app');
    expect(alien).toContain('redis-replication');
    expect(alien).not.toContain('proxy-stats');
  });
});
