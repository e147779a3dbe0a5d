import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll } from '@jest/globals';
import Docker from 'dockerode';
import type { Engine } from '../../cli/engine/engine.js';

const servers: Server[] = [];

afterAll(() => {
  servers.forEach(stop);
});

function stop(server: Server): void {
  server.closeAllConnections();
  server.close();
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly labels?: Record<string, string>;
}

/** Answers as the engine API does, over HTTP. */
export interface EngineAnswers {
  readonly containers?: readonly (Listed & { ports?: { IP: string; PublicPort: number }[] })[];
  readonly networks?: readonly (Listed & { subnet?: string; members?: string[] })[];
}

/** An engine that lists what it is told; `removed` collects what it is asked to do. */
export async function engineWith({ containers = [], networks = [] }: EngineAnswers = {}): Promise<
  Engine & { asked: string[]; stop: () => void }
> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine');
    const wanted = (JSON.parse(searchParams.get('filters') ?? '{}') as { label?: string[] }).label ?? [];
    const matches = ({ labels = {} }: Listed) =>
      wanted.every((filter) =>
        Object.entries(labels).some(([name, value]) => [name, `${name}=${value}`].includes(filter)),
      );
    const network = networks.find(({ id, name }) => [`/networks/${id}`, `/networks/${name}`].includes(pathname));
    if (request.method !== 'GET') asked.push(`${request.method ?? ''} ${pathname}${searchParams.get('v') ? '?v' : ''}`);
    response.setHeader('content-type', 'application/json');
    if (pathname === '/_ping') {
      response.end('OK');
    } else if (pathname === '/info') {
      response.end(JSON.stringify({ MemTotal: 16 * 1024 ** 3 }));
    } else if (pathname === '/containers/json') {
      response.end(
        JSON.stringify(
          containers.filter(matches).map(({ id, name, labels = {}, ports = [] }) => ({
            Id: id,
            Names: [`/${name}`],
            Labels: labels,
            Mounts: [],
            Ports: ports.map((port) => ({ ...port, PrivatePort: 1, Type: 'tcp' })),
          })),
        ),
      );
    } else if (pathname === '/networks') {
      const listed = networks.filter(matches).map(({ id, name, labels = {}, subnet }) => ({
        Id: id,
        Name: name,
        Labels: labels,
        IPAM: { Config: subnet === undefined ? [] : [{ Subnet: subnet }] },
      }));
      response.end(JSON.stringify(listed));
    } else if (network && request.method === 'GET') {
      const members = (network.members ?? []).map((name) => [name, { Name: name }]);
      response.end(JSON.stringify({ Containers: Object.fromEntries(members) as unknown }));
    } else if (network?.members) {
      response.statusCode = 403;
      response.end(
        JSON.stringify({ message: `error while removing network: network ${network.name} has active endpoints` }),
      );
    } else {
      // Nothing to say: stopped, or removed.
      response.statusCode = 204;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  const docker = new Docker({ protocol: 'http', host: '127.0.0.1', port });
  const end = (): void => {
    stop(server);
  };
  return { ...({ docker } as Engine), asked, stop: end };
}

/** An engine that can do nothing but what is given, and take apart what a container prints. */
export function engineThat(docker: object, more: Partial<Engine> = {}): Engine {
  const { modem } = new Docker({ protocol: 'http', host: '127.0.0.1', port: 1 });
  return { docker: { modem, ...docker }, ...more } as unknown as Engine;
}

/** What a container prints, as an engine sends it: behind a head that says where to. */
export function framed(text: string | Buffer, to: 'stdout' | 'stderr' = 'stdout'): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(to === 'stdout' ? 1 : 2, 0);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** A command in a container that prints this, framed. */
export function execution(printed = framed(''), exitCode = 0) {
  const stream = Object.assign(Readable.from([printed]), { write: () => true, end: () => undefined });
  return { start: () => Promise.resolve(stream), inspect: () => Promise.resolve({ ExitCode: exitCode }) };
}
