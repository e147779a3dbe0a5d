import type { Change } from '../../../../cli/rollout/changes.js';
import type { Status } from '../../../../cli/status/status.js';
import { synth } from '../../../support/synth.js';

export const { topology } = synth();

/** Short names of the containers of a service. */
export const instancesOf = (service: string) =>
  topology.services.find(({ name }) => name === service)?.instances.map(({ name }) => name) ?? [];

/** What a plan does to one container. */
export function container(instance: string, action: Change['action'] = 'replace'): Change {
  const service = instance.replace(/-\d+$/, '');
  return {
    address: `docker_container.${instance}`,
    action,
    kind: 'container',
    name: `rp-${instance}`,
    service,
    instance,
    secretsDiffer: false,
  };
}

export function seeder(service: string, action: Change['action'] = 'replace'): Change {
  return { ...container(`${service}-seeder`, action), kind: 'seeder', service };
}

/** A platform of which nothing is to be said, with this node as master. */
export function wellStatus(master = 'redis-0'): Status {
  const replicas = instancesOf('redis').filter((name) => name !== master);
  const sentinels = instancesOf('redis-sentinel');
  return {
    deployment: 'dev',
    ok: true,
    serving: true,
    problems: [],
    lasting: [],
    concerned: [],
    containers: topology.services.flatMap(({ instances, supporting }) =>
      instances.map(({ name, container }) => ({
        name,
        container,
        role: 'service' as const,
        supporting,
        state: 'running',
        health: 'healthy' as const,
        restarts: 0,
        startedAt: '2026-01-01T00:00:00Z',
        ok: true,
      })),
    ),
    redis: {
      master,
      address: '10.0.0.2',
      offset: 100,
      lease: { remainingMs: 900, fences: 0 },
      replicas: replicas.map((name) => ({
        name,
        address: name,
        link: 'online',
        offset: 100,
        bytesBehind: 0,
        lagSeconds: 0,
      })),
    },
    sentinels: sentinels.map((name) => ({
      name,
      master,
      flags: ['master'],
      replicas: replicas.length,
      electable: replicas,
      otherSentinels: sentinels.length - 1,
      configEpoch: 1,
      quorum: true,
      ok: true,
    })),
    backends: [
      {
        name: 'http',
        expectedUp: 2,
        servers: instancesOf('api').map((name) => ({ name, up: true, status: 'UP', check: 'L7OK' })),
        ok: true,
      },
      {
        name: 'redis-master',
        expectedUp: 1,
        servers: instancesOf('redis').map((name) => ({
          name,
          up: name === master,
          status: name === master ? 'UP' : 'DOWN',
          check: '',
        })),
        ok: true,
      },
    ],
  };
}
