/**
 * Where images and the provider come from on this machine: from registries, or made here where none answers. Asked once and remembered.
 * No dependencies: bootstrap.mjs wants to know before `npm ci`.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { get, request as requestSecurely } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { writeJson } from '../../constructs/core/whole-file.mjs';
import { stateFolder } from './paths.mjs';
import { parseJson, userError } from './programs.mjs';
import { proxyFor } from './proxies.mjs';

const PROBE_MS = 3_000;

const sourcesFile = join(stateFolder, 'sources.json');

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {'pull' | 'build'} ImagesFrom */
/** @typedef {'registry' | 'build'} ProviderFrom */

/**
 * @typedef {object} Sources
 * @property {ImagesFrom} images
 * @property {ProviderFrom} provider
 */

/**
 * What the command line forces. `auto` asks the registries again.
 * @typedef {object} ForcedSources
 * @property {ImagesFrom | 'auto' | undefined} [images]
 * @property {ProviderFrom | 'auto' | undefined} [provider]
 */

/**
 * @typedef {object} Probes
 * @property {() => Promise<boolean>} images whether an image registry answers
 * @property {() => Promise<boolean>} provider whether the Terraform registry answers
 * @property {boolean} canBuild whether images could be made here without a registry
 */

/** @type {Probes} */
export const registryProbes = {
  // For an engine that does not run yet: one that does is asked itself, see `engineReaches`.
  // Answers 401 without a login; the header tells it from a firewall's page about a blocked site.
  canBuild: process.platform === 'linux',
  images: () =>
    answers('https://registry-1.docker.io/v2/', ({ headers }) => 'docker-distribution-api-version' in headers),
  provider: () =>
    answers('https://registry.terraform.io/.well-known/terraform.json', ({ body }) => body.includes('providers.v1')),
};

/**
 * Decides, and says it in a line each where it was not known already.
 * @param {ForcedSources} forced
 * @param {Probes} probes
 * @param {string} file where the answer is remembered
 * @returns {Promise<{ sources: Sources, lines: string[] }>}
 */
export async function chooseSources(forced, probes = registryProbes, file = sourcesFile) {
  const known = readSources(file);
  const [images, provider] = await Promise.all([
    chooseImages(forced.images, known.images, probes),
    askForProvider(forced, known, probes),
  ]);
  const sources = { images: images.from, provider: provider.from };
  if (sources.images !== known.images || sources.provider !== known.provider) writeSources(file, sources);
  return { sources, lines: [images.line, provider.line].filter((line) => line !== undefined) };
}

/**
 * Where they come from, as far as that was found out already.
 * @returns {Partial<Sources>}
 */
export function rememberedSources() {
  return readSources(sourcesFile);
}

/**
 * Where the provider comes from: all that bootstrap.mjs needs to know before there is an engine to ask.
 * @param {ForcedSources} forced
 * @param {Pick<Probes, 'provider'>} probes
 * @param {string} file where the answer is remembered
 * @returns {Promise<{ from: ProviderFrom, line?: string }>}
 */
export async function chooseProvider(forced, probes = registryProbes, file = sourcesFile) {
  const known = readSources(file);
  const chosen = await askForProvider(forced, known, probes);
  if (chosen.from !== known.provider) writeSources(file, { ...readSources(file), provider: chosen.from });
  return chosen;
}

/**
 * @param {ForcedSources} forced
 * @param {Partial<Sources>} known
 * @param {Pick<Probes, 'provider'>} probes
 */
function askForProvider(forced, known, probes) {
  return choose(forced.provider, known.provider, probes.provider, {
    name: 'provider',
    near: /** @type {const} */ ('build'),
    far: /** @type {const} */ ('registry'),
    registry: 'Terraform registry',
  });
}

/**
 * @param {ImagesFrom | 'auto' | undefined} forced
 * @param {ImagesFrom | undefined} remembered
 * @param {Probes} probes
 * @returns {Promise<{ from: ImagesFrom, line?: string }>}
 */
function chooseImages(forced, remembered, { images, canBuild }) {
  // There is no other way, whoever answers: nobody is asked, and a pull that fails says why.
  if (!canBuild && forced !== 'build' && forced !== 'pull') return Promise.resolve({ from: 'pull' });
  return choose(forced, remembered, images, {
    name: 'images',
    near: /** @type {const} */ ('build'),
    far: /** @type {const} */ ('pull'),
    registry: 'image registry',
  });
}

/**
 * The flags of the command line that force a source.
 * @param {readonly string[]} args
 * @returns {ForcedSources}
 * @throws PlatformError on another value
 */
export function forcedSources(args) {
  return {
    images: flag(args, 'images', /** @type {const} */ (['pull', 'build', 'auto'])),
    provider: flag(args, 'provider', /** @type {const} */ (['registry', 'build', 'auto'])),
  };
}

/**
 * @template {string} Near
 * @template {string} Far
 * @param {Near | Far | 'auto' | undefined} forced
 * @param {Near | Far | undefined} remembered
 * @param {() => Promise<boolean>} probe
 * @param {{ name: string, near: Near, far: Far, registry: string }} words
 * @returns {Promise<{ from: Near | Far, line?: string }>}
 */
async function choose(forced, remembered, probe, { name, near, far, registry }) {
  if (forced !== undefined && forced !== 'auto') {
    return forced === remembered
      ? { from: forced }
      : { from: forced, line: `${name}: ${forced} (as --${name}=${forced} says; --${name}=auto asks again)` };
  }
  if (remembered !== undefined && forced !== 'auto') return { from: remembered };
  return (await probe())
    ? { from: far, line: `${name}: ${far} (${registry} answers; --${name}=${near} forces the other way)` }
    : { from: near, line: `${name}: ${near} (no ${registry} answers; --${name}=${far} forces the other way)` };
}

/**
 * @template {string} Value
 * @param {readonly string[]} args
 * @param {string} name
 * @param {readonly Value[]} allowed
 * @returns {Value | undefined}
 */
function flag(args, name, allowed) {
  const index = args.findLastIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  if (index < 0) return undefined;
  const given = args[index] === `--${name}` ? args[index + 1] : args[index]?.slice(name.length + 3);
  const value = allowed.find((one) => one === given);
  if (value === undefined) {
    throw userError(
      `--${name} is ${given === undefined ? 'empty' : JSON.stringify(given)}`,
      `Allowed: ${allowed.join(', ')}.`,
    );
  }
  return value;
}

/**
 * Whether the registry itself answers. Certificates are not checked: nothing is sent or believed, and who fetches later, Docker or
 * Terraform, trusts the system's authorities, which Node does not know.
 * @param {string} url
 * @param {(answer: { headers: import('node:http').IncomingHttpHeaders, body: string }) => boolean} isIt
 */
async function answers(url, isIt) {
  const signal = AbortSignal.timeout(PROBE_MS);
  // One that cannot be read is to be fixed: it would be no answer for ever.
  const proxy = proxyFor(url, process.env);
  try {
    const socket = proxy && (await tunnel(new URL(url).hostname, proxy, signal));
    const options = { rejectUnauthorized: false, signal, ...(socket === undefined ? {} : { socket, agent: false }) };
    const asked = /** @type {Promise<[IncomingMessage]>} */ (once(get(url, options), 'response', { signal }));
    const [response] = await asked;
    const body = await text(response);
    return (response.statusCode ?? 500) < 500 && isIt({ headers: response.headers, body });
  } catch {
    return false;
  }
}

/**
 * A connection through the proxy.
 * @param {string} host
 * @param {URL} proxy
 * @param {AbortSignal} signal
 * @param {string} [hostPort]
 * @throws if the proxy does not let it through
 */
export async function tunnel(host, { protocol, hostname, port, username, password }, signal, hostPort = '443') {
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const headers = username === '' ? {} : { 'proxy-authorization': `Basic ${login}` };
  const connect = (protocol === 'https:' ? requestSecurely : request)({
    method: 'CONNECT',
    hostname,
    port: port || (protocol === 'https:' ? 443 : 80),
    path: `${host}:${hostPort}`,
    headers,
    signal,
  }).end();
  const connected = /** @type {Promise<[IncomingMessage, import('node:net').Socket]>} */ (
    once(connect, 'connect', { signal })
  );
  const [response, socket] = await connected;
  if (response.statusCode !== 200) throw new Error(`the proxy refuses ${host}`);
  return socket;
}

/**
 * @param {string} file
 * @returns {Partial<Sources>}
 */
function readSources(file) {
  try {
    return /** @type {Partial<Sources>} */ (parseJson(readFileSync(file, 'utf8')));
  } catch {
    // Missing or damaged: it can be found out again.
    return {};
  }
}

/**
 * @param {string} file
 * @param {Partial<Sources>} sources
 */
function writeSources(file, sources) {
  writeJson(file, sources);
}
