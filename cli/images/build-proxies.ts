import { PlatformError } from '../../constructs/core/platform-error.js';
import { parseProxy, setting } from '../bootstrap/proxies.mjs';

/** How what runs on an engine reaches the host's proxies. */
export interface BuildProxies {
  /** Each in both cases: apt reads small letters only, others capitals only. */
  readonly args: Readonly<Record<string, string>>;
  /** The host's own network, as a proxy listens on its loopback. */
  readonly network?: 'host';
}

/** Docker Desktop's name for the machine that it runs on. */
const DESKTOPS_HOST = 'host.docker.internal';

/**
 * @param engineHost its address as DOCKER_HOST takes it
 * @throws PlatformError if a proxy cannot be read, or listens on the loopback of a machine that the engine is not on
 */
export function buildProxies(
  env: Readonly<Record<string, string | undefined>>,
  engineHost: string,
  platform: NodeJS.Platform,
): BuildProxies {
  const args: Record<string, string> = {};
  const add = (name: string, value: string) => {
    args[name] = value;
    args[name.toLowerCase()] = value;
  };
  let network = false;
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY']) {
    const url = parseProxy(name, setting(name, env));
    if (url === undefined) continue;
    if (isLoopback(url.hostname)) {
      if (!/^(?:unix|npipe):/.test(engineHost)) throw outOfReach(name, url, engineHost);
      if (platform === 'linux') network = true;
      else url.hostname = DESKTOPS_HOST;
    }
    add(name, url.href.replace(/\/$/, ''));
  }
  const exempt = setting('NO_PROXY', env);
  if (exempt !== '') add('NO_PROXY', exempt);
  return { args, ...(network && { network: 'host' as const }) };
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/i.test(hostname);
}

function outOfReach(name: string, { host }: URL, engineHost: string): PlatformError {
  return new PlatformError({
    what: `${name} is a proxy on this machine's loopback, which an engine on another one does not reach`,
    got: `${host}, and the engine at ${engineHost}`,
    allowed: 'a proxy that the engine reaches',
    fix: 'Name the proxy by an address of the network, or take it out of the environment of this command.',
  });
}
