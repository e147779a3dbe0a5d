import { compareVersions } from '../bootstrap/programs.mjs';
import { bad, type Check, note, ok, unknown } from './check.js';

/** Wrong time, not a wrong certificate. */
const DATES = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];
/** From here on Node can be told to trust what the system trusts. */
const SYSTEM_CA = '22.15';

/** A company's proxy that takes connections apart shows certificates of its own, which Node does not know by itself. */
export const tlsCheck: Check = {
  id: 'tls',
  title: 'certificates that servers show here',
  judge: ({ tls, os, node }) => {
    if ('error' in tls) return unknown(tls.error);
    const { host, issuer, refusal, isPublic, inSystem } = tls.value;
    if (refusal === undefined) {
      return ok(isPublic ? `${host}: ${issuer}` : `${host}: ${issuer}, a company's own, which Node is told to trust`);
    }
    const got = `${issuer} for ${host} (${refusal})`;
    if (DATES.includes(refusal)) {
      return bad({
        what: 'certificates are out of date, seen from here',
        got,
        allowed: 'a clock that is right',
        fix: `Look at this machine's date and time${os === 'win32' ? ' (`w32tm /resync` as an administrator)' : ''}.`,
      });
    }
    const what =
      'somebody between this machine and the servers takes connections apart, with a certificate that Node does not trust';
    if (inSystem) {
      return note({
        what: `${what}; this system does, so that npm, builds and Terraform are given it, other programs of Node are not`,
        got,
        allowed: 'a certificate that Node trusts',
        fix: trustSystem(os, node),
      });
    }
    return bad({ what, got, allowed: 'a certificate that this system trusts', fix: install(os) });
  },
};

function trustSystem(os: NodeJS.Platform, node: string): string {
  if (os === 'linux')
    return 'Set NODE_EXTRA_CA_CERTS to the file in which this system keeps them, e.g. /etc/ssl/certs/ca-certificates.crt.';
  const set = os === 'win32' ? '`setx NODE_OPTIONS --use-system-ca`' : '`export NODE_OPTIONS=--use-system-ca`';
  if (compareVersions(node, SYSTEM_CA) >= 0) return `Run ${set}.`;
  return `Update Node.js to 22.15 or newer and run ${set}, or save the certificate in a file and name it in NODE_EXTRA_CA_CERTS.`;
}

const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  win32: '`certutil -user -addstore Root company.cer`',
  darwin: '`sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain company.cer`',
  linux:
    '`sudo cp company.crt /usr/local/share/ca-certificates/ && sudo update-ca-certificates` (Fedora: /etc/pki/ca-trust/source/anchors, `sudo update-ca-trust`)',
};

function install(os: NodeJS.Platform): string {
  const how = INSTALL[os] ?? INSTALL.linux ?? '';
  return `Ask who administers the network for its certificate and make this system trust it: ${how}. Also name its file in NODE_EXTRA_CA_CERTS.`;
}
