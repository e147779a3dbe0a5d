/** The proxies that the environment names. No dependencies: bootstrap.mjs looks at registries before `npm ci`. */
import { userError } from './programs.mjs';

const EXAMPLE = 'http://proxy.example.com:3128';

/**
 * The proxy through which a URL is asked, as curl would choose it.
 * @param {string} url
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {URL | undefined} undefined where it is asked directly
 * @throws PlatformError if the proxy's address cannot be read
 */
export function proxyFor(url, env) {
  const { protocol, hostname, port } = new URL(url);
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = parseProxy(name, setting(name, env));
  return proxy === undefined ||
    isExempt(hostname, port || (protocol === 'https:' ? '443' : '80'), setting('NO_PROXY', env))
    ? undefined
    : proxy;
}

/**
 * @param {string} name of the variable, in capitals
 * @param {string} text a URL, or `host:port`, which curl, git and Docker take for `http://host:port`
 * @returns {URL | undefined} undefined if it is empty
 * @throws PlatformError if it is neither
 */
export function parseProxy(name, text) {
  if (text === '') return undefined;
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  throw userError(
    `${name} is no proxy that can be used (got ${JSON.stringify(text.replace(/\/\/.*@/, '//...@'))})`,
    `Allowed: http:// or https://, a host and a port. Use e.g. ${name}=${EXAMPLE}.`,
  );
}

/**
 * The value of a variable in whichever case it is written; small letters win, as with curl.
 * @param {string} name in capitals
 * @param {Readonly<Record<string, string | undefined>>} env
 */
export function setting(name, env) {
  return (env[name.toLowerCase()] || env[name] || '').trim();
}

/**
 * Whether a host is among those that NO_PROXY names: `*`, a host or the end of one, with or without a dot before it, and perhaps a port.
 * @param {string} hostname
 * @param {string} port
 * @param {string} list
 */
function isExempt(hostname, port, list) {
  const host = hostname.toLowerCase();
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, named = '', only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (only !== undefined && only !== port) return false;
      return entry === '*' || (named !== '' && (host === named || host.endsWith(`.${named}`)));
    });
}
