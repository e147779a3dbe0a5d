import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { type EngineAddress, findEngineAddress } from './engine-address.js';
import { noAnswer, windowsContainers } from './engine-error.js';
import { compareVersions } from './programs.mjs';

/** A running Docker engine. */
export interface Engine {
  readonly docker: Docker;
  /** Its address as DOCKER_HOST takes it. */
  readonly host: string;
  /** What Docker's CLI and Terraform need in their environment to reach the same engine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly version: string;
  readonly apiVersion: string;
  readonly architecture: string;
  /** Memory of the machine, or of Docker Desktop's virtual machine. */
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Networks can be cut off from the host itself (`gateway_mode_ipv4=isolated`, engine 28). */
  readonly isolatedGateways: boolean;
  /** Health checks can run more often while a container starts (engine 25). */
  readonly startInterval: boolean;
}

const ANSWER_MS = 10_000;

/**
 * Connects to the engine of the current Docker context.
 * @throws EngineError if there is none, it refuses us, or it runs Windows containers
 */
export async function connectEngine(): Promise<Engine> {
  const address = await findEngineAddress();
  const [version, info] = await firstAnswers(address);
  if (info.OSType !== 'linux') throw windowsContainers(address);
  return {
    docker: openEngine(address),
    host: address.host,
    environment: engineEnvironment(address),
    version: version.Version,
    apiVersion: version.ApiVersion,
    architecture: version.Arch,
    memoryBytes: info.MemTotal,
    cpus: info.NCPU,
    isolatedGateways: compareVersions(version.Version, '28') >= 0,
    startInterval: compareVersions(version.Version, '25') >= 0,
  };
}

/** What we read of `docker info`; dockerode has no type for it. */
interface EngineInfo {
  readonly OSType: string;
  readonly MemTotal: number;
  readonly NCPU: number;
}

/** A Docker Desktop that is just starting accepts connections and says nothing, so only this first contact has a deadline. */
async function firstAnswers(address: EngineAddress): Promise<[Docker.DockerVersion, EngineInfo]> {
  try {
    const docker = openEngine(address, ANSWER_MS);
    return await Promise.all([docker.version(), docker.info() as Promise<EngineInfo>]);
  } catch (error) {
    throw noAnswer(error, address);
  }
}

/** @param timeoutMs without one, requests may take as long as they like */
function openEngine({ host, certPath }: EngineAddress, timeoutMs?: number): Docker {
  const common = timeoutMs === undefined ? {} : { timeout: timeoutMs };
  const [scheme = '', path = ''] = host.split('://');
  if (scheme === 'unix' || scheme === 'npipe') return new Docker({ ...common, socketPath: path });
  const { hostname, port, username } = new URL(host);
  if (scheme === 'ssh') {
    return new Docker({
      ...common,
      protocol: 'ssh',
      host: hostname,
      port: port || 22,
      ...(username ? { username } : {}),
    });
  }
  if (certPath === undefined) return new Docker({ ...common, protocol: 'http', host: hostname, port: port || 2375 });
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(certPath, name)));
  return new Docker({ ...common, protocol: 'https', host: hostname, port: port || 2376, ca, cert, key });
}

function engineEnvironment({ host, certPath }: EngineAddress): Record<string, string> {
  return {
    DOCKER_HOST: host,
    ...(certPath === undefined ? {} : { DOCKER_CERT_PATH: certPath, DOCKER_TLS_VERIFY: '1' }),
  };
}
