import { X509Certificate } from 'node:crypto';
import { connect, rootCertificates, type TLSSocket } from 'node:tls';
import { systemCertificates } from '../bootstrap/system-certificates.mjs';
import { proxyFor } from '../bootstrap/proxies.mjs';
import { tunnel } from '../bootstrap/registries.mjs';

/** Who vouches for a server that everybody knows, seen from here. */
export interface TlsLook {
  readonly host: string;
  /** Who issued the topmost certificate that was shown; a company's own where its proxy takes connections apart. */
  readonly issuer: string;
  /** Node's reason, or undefined where it trusts the server. */
  readonly refusal: string | undefined;
  /** The issuer is among those that Node brings along. */
  readonly isPublic: boolean;
  /** The issuer is among those that this system trusts. */
  readonly inSystem: boolean;
}

const ANSWER_MS = 8_000;

/**
 * Connects to a server and says nothing to it.
 * @param registry npm's, which every installation asks
 * @throws if it does not answer
 */
export async function lookAtTls(
  registry: string,
  env: Readonly<Record<string, string | undefined>>,
  system: () => Promise<string> = systemCertificates,
): Promise<TlsLook> {
  const { protocol, hostname, port, origin } = new URL(registry);
  if (protocol !== 'https:') throw new Error(`${registry} is asked without TLS`);
  const signal = AbortSignal.timeout(ANSWER_MS);
  const proxy = proxyFor(origin, env);
  const through = proxy === undefined ? undefined : await tunnel(hostname, proxy, signal, port || '443');
  const server = { host: hostname, port: Number(port || 443), servername: hostname };
  const socket = connect({
    ...(through ? { socket: through, servername: hostname } : server),
    rejectUnauthorized: false,
  });
  try {
    const end = () => socket.destroy(new Error(`${hostname} does not answer within ${ANSWER_MS / 1000} s`));
    signal.addEventListener('abort', end);
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).on('error', reject));
    const top = topmost(socket);
    const refusal = socket.authorized ? undefined : String(socket.authorizationError);
    const isPublic = isIssuedBy(top, rootCertificates);
    const inSystem = !isPublic && isIssuedBy(top, pemsOf(await system()));
    return { host: hostname, issuer: nameOf(top.issuer), refusal, isPublic, inSystem };
  } finally {
    socket.destroy();
  }
}

function topmost(socket: TLSSocket): X509Certificate {
  let certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error('the server shows no certificate');
  while (certificate.issuerCertificate !== undefined && certificate.issuerCertificate !== certificate) {
    certificate = certificate.issuerCertificate;
  }
  return certificate;
}

/** Servers may leave the last one out, as whoever trusts it has it. */
function isIssuedBy(certificate: X509Certificate, authorities: readonly string[]): boolean {
  return authorities.some((pem) => {
    const authority = parse(pem);
    if (authority === undefined) return false;
    if (authority.fingerprint256 === certificate.fingerprint256) return true;
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  });
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // Systems keep some that OpenSSL does not take.
    return undefined;
  }
}

function pemsOf(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** `CN=Company Root`, one line a part: the most telling one. */
function nameOf(subject: string): string {
  const parts = Object.fromEntries(subject.split('\n').map((line) => line.split('=', 2) as [string, string]));
  return parts['CN'] ?? parts['O'] ?? subject.replaceAll('\n', ', ');
}
