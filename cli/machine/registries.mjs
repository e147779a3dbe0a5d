/**
 * Where images and the provider come from on this machine: from registries, or made here where none answers. Asked once and remembered.
 * No dependencies: bootstrap.mjs wants to know before `npm ci`.
 */
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { get } from 'node:https';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stateFolder } from './paths.mjs';
import { parseJson, userError } from './programs.mjs';

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
 */

/** @type {Probes} */
export const registryProbes = {
  // Answers 401 without a login; the header tells it from a firewall's page about a blocked site.
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
    choose(forced.images, known.images, probes.images, {
      name: 'images',
      near: /** @type {const} */ ('build'),
      far: /** @type {const} */ ('pull'),
      registry: 'image registry',
    }),
    choose(forced.provider, known.provider, probes.provider, {
      name: 'provider',
      near: /** @type {const} */ ('build'),
      far: /** @type {const} */ ('registry'),
      registry: 'Terraform registry',
    }),
  ]);
  const sources = { images: images.from, provider: provider.from };
  if (sources.images !== known.images || sources.provider !== known.provider) writeSources(file, sources);
  return { sources, lines: [images.line, provider.line].filter((line) => line !== undefined) };
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
  try {
    const socket = await tunnel(new URL(url).hostname, signal);
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
 * A connection through the proxy, where one is set.
 * @param {string} host
 * @param {AbortSignal} signal
 */
async function tunnel(host, signal) {
  const proxy = process.env['HTTPS_PROXY'] ?? process.env['https_proxy'] ?? '';
  if (proxy === '') return undefined;
  const { hostname, port, username, password } = new URL(proxy);
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const headers = username === '' ? {} : { 'proxy-authorization': `Basic ${login}` };
  const connect = request({
    method: 'CONNECT',
    hostname,
    port: port || 80,
    path: `${host}:443`,
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
 * @param {Sources} sources
 */
function writeSources(file, sources) {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(sources, null, 2)}\n`);
  renameSync(draft, file);
}
