import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { processEnv } from '../../environments/process-env.js';
import { findProgram, runProgram } from '../bootstrap/programs.mjs';

/** Where the engine is. */
export interface EngineAddress {
  /** As DOCKER_HOST takes it: `unix:///var/run/docker.sock`, `npipe:////./pipe/docker_engine`, `tcp://...`, `ssh://...`. */
  readonly host: string;
  /** A folder with ca.pem, cert.pem and key.pem, for `tcp://` with TLS. */
  readonly certPath?: string;
  /** Who says so, for error messages: `DOCKER_HOST` or `context desktop-linux`. */
  readonly origin: string;
}

const Contexts = z
  .array(
    z.object({
      Name: z.string(),
      Endpoints: z.object({ docker: z.object({ Host: z.string().optional() }) }),
      TLSMaterial: z.record(z.string(), z.array(z.string())).nullish(),
      Storage: z.object({ TLSPath: z.string() }).optional(),
    }),
  )
  .min(1);

/** The engine's address: DOCKER_HOST, else the current Docker context, else the platform's usual place. */
export async function findEngineAddress(): Promise<EngineAddress> {
  const host = processEnv['DOCKER_HOST'];
  if (host !== undefined && host !== '') {
    return addressFromEnvironment(host, processEnv);
  }
  const docker = findProgram('docker');
  if (docker === undefined || !hasContext()) return defaultAddress(process.platform, existsSync);
  try {
    return parseContext(await runProgram(docker, ['context', 'inspect'], { timeoutMs: 10_000 }), process.platform);
  } catch {
    // A context that is gone; `docker` itself then complains, and so does whoever connects to this.
    return defaultAddress(process.platform, existsSync);
  }
}

/** Certificates are where Docker's own tools look for them: in the folder of their settings unless told otherwise. */
export function addressFromEnvironment(
  host: string,
  env: Readonly<Record<string, string | undefined>>,
  home = homedir(),
): EngineAddress {
  const address = { host: normalizeHost(host), origin: 'DOCKER_HOST' };
  if (!env['DOCKER_TLS_VERIFY'] || !host.startsWith('tcp://')) return address;
  return { ...address, certPath: env['DOCKER_CERT_PATH'] || env['DOCKER_CONFIG'] || join(home, '.docker') };
}

/** What `docker context inspect` prints about the current context. */
export function parseContext(json: string, platform: NodeJS.Platform): EngineAddress {
  const [context] = Contexts.parse(JSON.parse(json));
  const host = context?.Endpoints.docker.Host ?? '';
  if (context === undefined || host === '') return defaultAddress(platform, existsSync);
  const hasCertificates = (context.TLSMaterial?.['docker'] ?? []).length > 0;
  return {
    host: normalizeHost(host),
    origin: `context ${context.Name}`,
    ...(hasCertificates && context.Storage ? { certPath: join(context.Storage.TLSPath, 'docker') } : {}),
  };
}

/** The place where an engine listens unless told otherwise. */
export function defaultAddress(platform: NodeJS.Platform, exists: (path: string) => boolean): EngineAddress {
  if (platform === 'win32') return { host: 'npipe:////./pipe/docker_engine', origin: 'the default' };
  // Docker Desktop makes the system-wide socket only if its user allows it.
  const own = `${homedir()}/.docker/run/docker.sock`;
  const path = platform === 'darwin' && !exists('/var/run/docker.sock') && exists(own) ? own : '/var/run/docker.sock';
  return { host: `unix://${path}`, origin: 'the default' };
}

/** Terraform's provider wants forward slashes in the name of a Windows pipe. */
function normalizeHost(host: string): string {
  return host.startsWith('npipe:') ? host.replaceAll('\\', '/').replace(/^npipe:\/*/, 'npipe:////') : host;
}

/** Without one, `docker context inspect` would only say the default: a look into its file saves starting it. */
function hasContext(): boolean {
  if (processEnv['DOCKER_CONTEXT']) return true;
  const folder = processEnv['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  try {
    return readFileSync(join(folder, 'config.json'), 'utf8').includes('"currentContext"');
  } catch {
    return false;
  }
}
