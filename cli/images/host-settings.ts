import { readFile } from 'node:fs/promises';
import { processEnv } from '../../environments/process-env.js';
import { buildProxies } from './build-proxies.js';
import type { Engine } from '../engine/engine.js';
import { mirrorArgs, type Mirrors, readMirrors } from '../bootstrap/mirrors.mjs';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { systemCertificates, toPem } from '../bootstrap/system-certificates.mjs';
import { findGo } from '../bootstrap/provider.mjs';

/** Go's settings that decide where modules come from. */
const GO_SETTINGS = ['GOPROXY', 'GOSUMDB', 'GOFLAGS', 'GOPRIVATE', 'GONOPROXY', 'GONOSUMDB', 'GOINSECURE'];
/** What a build, or a container that builds, gets of the host. */
export interface HostSettings {
  readonly args: Readonly<Record<string, string>>;
  /** The network that it needs, other than the usual one. */
  readonly network?: 'host';
}

/**
 * What makes build stages download as the host does; only what is set. Docker does not leave proxies in the image.
 * @throws PlatformError about a proxy that cannot be used
 */
export async function hostSettings(
  engine: Pick<Engine, 'host'>,
  mirrors: Mirrors = readMirrors(),
): Promise<HostSettings> {
  const go = (await findGo())?.env ?? {};
  const args: Record<string, string> = {};
  for (const name of GO_SETTINGS) {
    const value = processEnv[name] ?? go[name];
    if (value) args[name] = value;
  }
  const proxies = buildProxies(processEnv, engine.host, process.platform);
  return { ...proxies, args: { ...args, ...proxies.args, ...mirrorArgs(mirrors) } };
}

const CA_VARIABLES = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'npm_config_cafile'];

/**
 * The certificates that the host trusts, for company TLS inspection: those of files that variables name, and the system's.
 * @throws PlatformError if a variable names a file that is not there or holds no certificate
 */
export async function hostCertificates(): Promise<Buffer> {
  const named = new Map<string, string>();
  for (const name of CA_VARIABLES) {
    const file = processEnv[name];
    if (file && ![...named.values()].includes(file)) named.set(name, file);
  }
  const bundles = await Promise.all([...named].map(([name, file]) => readCertificates(name, file)));
  const whole = [...bundles, await systemCertificates()].join('');
  // Most are in several of them, in lines of other lengths.
  const each = new Map(
    (whole.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => [
      pem.replaceAll(/\s/g, ''),
      pem,
    ]),
  );
  return Buffer.from([...each.values()].map((pem) => `${pem}\n`).join(''));
}

async function readCertificates(name: string, file: string): Promise<string> {
  const refuse = (what: string, cause?: unknown) =>
    new PlatformError(
      {
        what: `${name} names ${what}`,
        got: file,
        allowed: 'a file of certificates, in PEM or DER',
        fix: 'Correct it, or unset it if no program takes connections apart here.',
      },
      { cause },
    );
  const content = await readFile(file).catch((cause: unknown) => {
    throw refuse('a file that cannot be read', cause);
  });
  const pem = toPem(content);
  if (pem === undefined) throw refuse('a file without a certificate');
  return pem;
}
