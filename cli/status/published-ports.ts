import { connect } from 'node:net';
import type Docker from 'dockerode';
import type { Topology } from '../../constructs/core/topology.js';
import { type Inspected, inspectContainers } from './containers.js';
import type { Finding } from './status.js';

/** A port of the host that the engine leads into a running container. */
export interface PublishedPort {
  /** E.g. `redis-master`. */
  readonly name: string;
  /** Of the container, short: `proxy-0`. */
  readonly about: string;
  /** Of the container, on the engine. */
  readonly container: string;
  readonly host: string;
  readonly port: number;
}

const ANSWER_MS = 1000;

/**
 * What running containers publish, as the engine was told: the topology shows declared ports, another instance has others.
 * @param containers by their names on the engine
 */
export function publishedPorts(topology: Topology, containers: ReadonlyMap<string, Inspected>): PublishedPort[] {
  return topology.published.flatMap(({ name, service, containerPort }) => {
    const instances = topology.services.find((one) => one.name === service)?.instances ?? [];
    return instances.flatMap(({ name: about, container }) => {
      const inspected = containers.get(container);
      if (inspected?.State.Status !== 'running') return [];
      const bindings = inspected.HostConfig?.PortBindings?.[`${containerPort}/tcp`] ?? [];
      return bindings.map(({ HostIp = '', HostPort }) => ({
        name,
        about,
        container,
        host: ['', '0.0.0.0', '::'].includes(HostIp) ? '127.0.0.1' : HostIp,
        port: Number(HostPort),
      }));
    });
  });
}

/**
 * Those that take no connection. The engine has a process for each port that forwards it; one that died (it ends when it
 * runs out of file descriptors) stays dead until the container starts again, and the engine goes on listing the port.
 */
export async function deadPorts(ports: readonly PublishedPort[]): Promise<PublishedPort[]> {
  const accepting = await Promise.all(ports.map(({ host, port }) => accepts(host, port)));
  return ports.filter((_, index) => accepting[index] !== true);
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (accepted: boolean) => {
      clearTimeout(late);
      socket.destroy();
      resolve(accepted);
    };
    const late = setTimeout(() => {
      end(false);
    }, ANSWER_MS);
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

export function deadPortFindings(dead: readonly PublishedPort[]): Finding[] {
  return dead.map(({ name, about, host, port }) => ({
    about,
    problem: `${host}:${port} (${name}) takes no connection, although ${about} publishes it: what forwards it has died. Run \`npm start\`, which starts ${about} again.`,
  }));
}

/**
 * Starts the containers again whose published ports are dead, and no others; their data and addresses stay.
 * @returns their short names
 */
export async function reviveDeadPorts(docker: Docker, topology: Topology): Promise<string[]> {
  const dead = await deadPorts(publishedPorts(topology, await inspectContainers(docker, topology)));
  const containers = new Map(dead.map(({ container, about }) => [container, about]));
  await Promise.all([...containers.keys()].map((container) => docker.getContainer(container).restart()));
  return [...containers.values()];
}
