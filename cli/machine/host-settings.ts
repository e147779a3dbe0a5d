import { readFile } from 'node:fs/promises';
import { processEnv } from '../../environments/process-env.js';
import { findGo } from './provider.mjs';

/** Go's settings that decide where modules come from. */
const GO_SETTINGS = ['GOPROXY', 'GOSUMDB', 'GOFLAGS', 'GOPRIVATE', 'GONOPROXY', 'GONOSUMDB', 'GOINSECURE'];
/** Docker hands these to every build stage without leaving them in the image. */
const PROXY_SETTINGS = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

/** Build arguments that make build stages download as the host does; only those that are set. */
export async function hostBuildArgs(): Promise<Record<string, string>> {
  const go = (await findGo())?.env ?? {};
  const args: Record<string, string> = {};
  for (const name of GO_SETTINGS) {
    const value = processEnv[name] ?? go[name];
    if (value) args[name] = value;
  }
  for (const name of PROXY_SETTINGS) {
    const value = processEnv[name];
    if (value) args[name] = value;
  }
  return args;
}

/** The certificates that the host trusts beyond the usual, for company TLS inspection; empty if none are named. */
export async function hostCertificates(): Promise<Buffer> {
  const named = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'npm_config_cafile'].map((name) => processEnv[name]);
  const files = [...new Set(named)].filter((file) => file !== undefined && file !== '');
  const bundles = await Promise.all(files.map((file) => readFile(file ?? '').catch(() => Buffer.alloc(0))));
  const lf = Buffer.from('\n');
  return Buffer.concat(bundles.filter((bundle) => bundle.length > 0).flatMap((bundle) => [bundle, lf]));
}
