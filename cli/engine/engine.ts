import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { processEnv } from '../../environments/process-env.js';
import { type EngineAddress, findEngineAddress } from './address.js';
import { EngineError, noAnswer, noCertificates, noSshAgent, unusableAddress, windowsContainers } from './error.js';
import { compareVersions } from '../bootstrap/programs.mjs';

/** A running Docker engine. */
export interface Engine {
  readonly docker: Docker;
  /** Tells it from other engines; empty where it does not say. */
  readonly id: string;
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
  /** The kernel can limit swap; where it can't, the engine drops the limit that a container asks for. */
  readonly swapLimit: boolean;
  /** Networks can be cut off from the host itself (`gateway_mode_ipv4=isolated`, engine 28). */
  readonly isolatedGateways: boolean;
  /** Health checks can run more often while a container starts (engine 25). */
  readonly startInterval: boolean;
}

const ANSWER_MS = 10_000;

/**
 * Connects to an engine.
 * @param at its address. @default that of the current Docker context
 * @throws EngineError if there is none, it refuses us, or it runs Windows containers
 */
export async function connectEngine(at?: EngineAddress): Promise<Engine> {
  const address = at ?? (await findEngineAddress());
  const [version, info] = await firstAnswers(address);
  if (info.OSType !== 'linux') throw windowsContainers(address);
  return {
    docker: openEngine(address),
    id: info.ID ?? '',
    host: address.host,
    environment: engineEnvironment(address),
    version: version.Version,
    apiVersion: version.ApiVersion,
    architecture: version.Arch,
    memoryBytes: info.MemTotal,
    cpus: info.NCPU,
    swapLimit: info.SwapLimit,
    isolatedGateways: compareVersions(version.Version, '28') >= 0,
    startInterval: compareVersions(version.Version, '25') >= 0,
  };
}

/** What we read of `docker info`; dockerode has no type for it. */
interface EngineInfo {
  readonly ID?: string;
  readonly OSType: string;
  readonly MemTotal: number;
  readonly NCPU: number;
  readonly SwapLimit: boolean;
}

/** A Docker Desktop that is just starting accepts connections and says nothing, so only this first contact has a deadline. */
async function firstAnswers(address: EngineAddress): Promise<[Docker.DockerVersion, EngineInfo]> {
  try {
    const docker = openEngine(address, ANSWER_MS);
    return await Promise.all([docker.version(), docker.info() as Promise<EngineInfo>]);
  } catch (error) {
    throw error instanceof EngineError ? error : noAnswer(error, address);
  }
}

/** @param timeoutMs without one, requests may take as long as they like */
function openEngine(address: EngineAddress, timeoutMs?: number): Docker {
  const { host, certPath } = address;
  const common = timeoutMs === undefined ? {} : { timeout: timeoutMs };
  const [scheme = '', path = ''] = host.split('://');
  if (scheme === 'unix' || scheme === 'npipe') return new Docker({ ...common, socketPath: path });
  const url = parseHost(address);
  const { port, username } = url;
  // In a URL an IPv6 address stands in brackets, for a socket it does not.
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (scheme === 'ssh') {
    if (!processEnv['SSH_AUTH_SOCK']) throw noSshAgent(address);
    return new Docker({
      ...common,
      protocol: 'ssh',
      host: hostname,
      port: port || 22,
      ...(username ? { username } : {}),
    });
  }
  if (certPath === undefined) return new Docker({ ...common, protocol: 'http', host: hostname, port: port || 2375 });
  const files = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(certPath, name));
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) throw noCertificates(address, missing);
  const [ca, cert, key] = files.map((file) => readFileSync(file));
  return new Docker({ ...common, protocol: 'https', host: hostname, port: port || 2376, ca, cert, key });
}

function parseHost(address: EngineAddress): { hostname: string; port: string; username: string } {
  try {
    const url = new URL(address.host);
    if (url.hostname === '') throw new Error('it names no machine');
    return url;
  } catch (cause) {
    throw unusableAddress(address, cause);
  }
}

/** An engine's address as Docker's tools take it. */
export function engineEnvironment({ host, certPath }: EngineAddress): Record<string, string> {
  return {
    DOCKER_HOST: host,
    ...(certPath === undefined ? {} : { DOCKER_CERT_PATH: certPath, DOCKER_TLS_VERIFY: '1' }),
  };
}
