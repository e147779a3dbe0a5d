/**
 * Mirrors that stand for the usual sources, from the section `mirrors` of .platform/site.json.
 * No dependencies: `npm ci` already asks one of them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder } from './paths.mjs';
import { parseJson, userError } from './programs.mjs';

/**
 * @typedef {object} Mirrors
 * @property {string} [images] for Docker Hub: a registry, perhaps with a path. It is asked for `<images>/library/debian`. Images whose names begin
 *   with another registry are not asked there
 * @property {string} [debian] for http://deb.debian.org/debian; over http, as Debian's packages are signed
 * @property {string} [debianSecurity] for http://deb.debian.org/debian-security. Default: that of `debian` with `-security` behind it
 * @property {string} [npm] for npm's own registry
 * @property {string} [go] a GOPROXY: one URL, or several with `,` or `|` between them
 * @property {string} [maven] for https://repo.maven.apache.org/maven2
 */

const MIRRORS = /** @type {const} */ (['images', 'debian', 'debianSecurity', 'npm', 'go', 'maven']);

/** What Docker takes for a registry and not for a part of Docker Hub, and a path. */
const REGISTRY =
  /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;

const FILE = join(stateFolder, 'site.json');

/**
 * @param {string} file
 * @returns {Mirrors} without slashes at the end
 * @throws PlatformError about an unknown name, or what is no URL
 */
export function readMirrors(file = FILE) {
  if (!existsSync(file)) return {};
  /** @type {unknown} */
  let section;
  try {
    section = /** @type {{ mirrors?: unknown }} */ (parseJson(readFileSync(file, 'utf8'))).mirrors;
  } catch {
    // Whoever reads the rest of the file says what is wrong with it.
    return {};
  }
  if (section === undefined) return {};
  if (typeof section !== 'object' || section === null || Array.isArray(section)) throw broken('mirrors', section);
  return Object.fromEntries(
    Object.entries(section).map(([name, url]) => {
      if (!MIRRORS.some((known) => known === name)) {
        throw userError(
          `mirrors.${name} in .platform/site.json is no mirror that is known`,
          `Allowed: ${MIRRORS.join(', ')}.`,
        );
      }
      if (typeof url !== 'string' || !isAddress(name, url)) throw broken(`mirrors.${name}`, url);
      return [name, url.replace(/\/+$/, '')];
    }),
  );
}

/**
 * An image as it is to be asked for.
 * @param {string} reference
 * @param {Mirrors} mirrors
 */
export function mirroredImage(reference, { images }) {
  const [first = '', ...rest] = reference.split('/');
  const isElsewhere = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') && first !== 'docker.io';
  if (images === undefined || isElsewhere) return reference;
  const path = first === 'docker.io' ? rest.join('/') : reference;
  return `${images}/${path.includes('/') ? path : `library/${path}`}`;
}

/**
 * The build arguments that make build stages ask the mirrors.
 * @param {Mirrors} mirrors
 * @returns {Record<string, string>}
 */
export function mirrorArgs({ debian, debianSecurity, go, maven }) {
  return {
    ...(debian !== undefined && {
      DEBIAN_MIRROR: debian,
      DEBIAN_SECURITY_MIRROR: debianSecurity ?? `${debian}-security`,
    }),
    ...(go !== undefined && { GOPROXY: go }),
    ...(maven !== undefined && { MAVEN_MIRROR: maven }),
  };
}

/**
 * @param {string} name
 * @param {string} text
 */
function isAddress(name, text) {
  if (name === 'images') return REGISTRY.test(text);
  const parts = name === 'go' ? text.split(/[,|]/) : [text];
  return parts.every(
    (part) =>
      (name === 'go' && /^(?:direct|off)$/.test(part)) ||
      // What a shell or sed would take for something else has no place in it.
      (URL.canParse(part) && /^https?:\/\/[\w.~:/@%+-]+$/.test(part)),
  );
}

/**
 * @param {string} where
 * @param {unknown} got
 */
function broken(where, got) {
  return userError(
    `${where} in .platform/site.json cannot be used (got ${JSON.stringify(got)})`,
    'Allowed: an address with http:// or https://, and for `images` a registry without either. ' +
      'Write e.g. { "mirrors": { "npm": "https://mirror.example.com/npm", "images": "registry.example.com/hub" } }.',
  );
}
