import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import type { Topology } from '../../../../constructs/core/topology.js';
import { type Context, createContext, deploymentPaths } from '../../../../cli/context.js';
import type { Environment } from '../../../../environments/schema.js';
import { siteFile, UNPREPARED_SITE } from '../../../../environments/site.js';
import { synthesize } from '../../../../stacks/synth.js';

const folders: string[] = [];
const servers: Server[] = [];

/** A deployment whose files are in a folder of its own. */
export function contextIn(options: { instance?: string } = {}): Context {
  const context = createContext({ env: 'dev', ...options });
  const project = temporaryFolder();
  return { ...context, project, paths: deploymentPaths(project, context.name) };
}

export function write(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

export function writeSite(context: Context, owner: string): void {
  write(siteFile(context.project), { ...UNPREPARED_SITE, owner });
}

/** A state as Terraform writes it, with one container for each id. */
export function stateWith(
  containers: { id: string; deployment: string }[],
  outputs: Record<string, unknown> = {},
): unknown {
  const instances = containers.map(({ id, deployment }) => ({
    schema_version: 2,
    attributes: { id, name: `rp-${deployment}-x`, labels: [{ label: 'redis-platform.deployment', value: deployment }] },
  }));
  return {
    version: 4,
    terraform_version: '1.11.4',
    serial: 7,
    lineage: '0',
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value, type: 'dynamic' }])),
    resources: [{ mode: 'managed', type: 'docker_container', name: 'x', instances }],
  };
}

export function topologyOf(environment: Environment): Topology {
  return synthesize({ environment, site: UNPREPARED_SITE, outdir: temporaryFolder() });
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
export async function engineWith({
  containers = [],
  networks = [],
}: EngineAnswers): Promise<{ docker: Docker; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine');
    const wanted = (JSON.parse(searchParams.get('filters') ?? '{}') as { label?: string[] }).label ?? [];
    const matches = ({ labels = {} }: Listed) =>
      wanted.every((filter) => Object.entries(labels).some(([name, value]) => filter === `${name}=${value}`));
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
  return { docker: new Docker({ protocol: 'http', host: '127.0.0.1', port }), asked };
}

/** Removes and stops what the functions above made. */
export function cleanUp(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'redis-platform-'));
  folders.push(folder);
  return folder;
}
