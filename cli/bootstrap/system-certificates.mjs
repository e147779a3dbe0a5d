/** The certificate authorities that this system trusts, a company's among them. No dependencies: npm needs them before there are any. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { findProgram, runProgram } from './programs.mjs';

/** Where Linux distributions keep all of them in one file: Debian, Fedora, openSUSE, Alpine. */
const LINUX_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Of the machine and of the user, put there by whoever administers it. */
const POWERSHELL = `Get-ChildItem Cert:\\LocalMachine\\Root, Cert:\\LocalMachine\\CA, Cert:\\CurrentUser\\Root, Cert:\\CurrentUser\\CA |
  ForEach-Object { [Convert]::ToBase64String($_.RawData) }`;

/**
 * In PEM. Node asks Windows and macOS by itself from 22.15 and 24 on.
 * @param {NodeJS.Platform} [platform]
 * @returns {Promise<string>} empty where the system cannot be asked
 */
export async function systemCertificates(platform = process.platform) {
  if (platform === 'linux') return firstFile(LINUX_FILES);
  const { getCACertificates } = /** @type {{ getCACertificates?: (type: 'system') => string[] }} */ (
    /** @type {unknown} */ (tls)
  );
  if (getCACertificates !== undefined)
    return getCACertificates('system')
      .map((pem) => `${pem.trim()}\n`)
      .join('');
  try {
    if (platform === 'darwin') {
      const chains = [
        '/Library/Keychains/System.keychain',
        '/System/Library/Keychains/SystemRootCertificates.keychain',
      ];
      return await runProgram('/usr/bin/security', ['find-certificate', '-a', '-p', ...chains], { timeoutMs: 30_000 });
    }
    const powershell = findProgram('powershell') ?? 'powershell.exe';
    const args = ['-NoProfile', '-NonInteractive', '-Command', POWERSHELL.replaceAll('\n', ' ')];
    return pemOfLines(await runProgram(powershell, args, { timeoutMs: 30_000 }));
  } catch {
    // What is named in variables is still there.
    return '';
  }
}

/**
 * @param {string} lines each a certificate, as base64 of its DER form
 */
export function pemOfLines(lines) {
  const certificates = new Set(lines.split(/\r?\n/).filter((line) => line.trim() !== ''));
  return [...certificates].map((line) => toPem(Buffer.from(line, 'base64'))).join('');
}

/**
 * Certificates of a file in PEM: Windows and its administrators hand them out in binary form (DER) as well.
 * @param {Buffer} content
 * @returns {string | undefined} nothing where it holds no certificate
 */
export function toPem(content) {
  const text = content.toString('latin1');
  if (text.includes('-----BEGIN CERTIFICATE-----'))
    return `${content.toString('utf8').replaceAll('\r\n', '\n').trim()}\n`;
  try {
    return new X509Certificate(content).toString();
  } catch {
    return undefined;
  }
}

/** @param {string[]} files */
function firstFile(files) {
  for (const file of files) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // Another distribution.
    }
  }
  return '';
}
