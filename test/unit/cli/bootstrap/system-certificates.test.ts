import { rootCertificates } from 'node:tls';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { hostCertificates } from '../../../../cli/images/host-settings.js';
import { pemOfLines, systemCertificates, toPem } from '../../../../cli/bootstrap/system-certificates.mjs';
import { processEnv } from '../../../../environments/process-env.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

// The one place that may write it is a test.
const environment = processEnv as Record<string, string | undefined>;
const [one = '', two = ''] = rootCertificates;
const fingerprints = (pem: string) =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each).fingerprint256,
  );
const der = (pem: string) => new X509Certificate(pem).raw;

test('what PowerShell lists becomes PEM, each certificate once', () => {
  const lines = [one, two, one].map((pem) => der(pem).toString('base64')).join('\r\n');
  expect(fingerprints(pemOfLines(`${lines}\r\n`))).toEqual(fingerprints(one + two));
});

test('a certificate is read in either form, and what is none is not', () => {
  expect(toPem(Buffer.from(one.replaceAll('\n', '\r\n')))?.trim()).toBe(one.trim());
  expect(fingerprints(toPem(der(one)) ?? '')).toEqual(fingerprints(one));
  expect(toPem(Buffer.from('<html>'))).toBeUndefined();
});

test('this system trusts somebody, and who a variable names is trusted besides', async () => {
  const folder = temporaryFolder('ca');
  const names = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'npm_config_cafile'];
  const before = names.map((name) => [name, environment[name]] as const);
  try {
    for (const name of names) environment[name] = '';
    expect(await systemCertificates()).toContain('-----BEGIN CERTIFICATE-----');
    const file = join(folder, 'company.cer');
    writeFileSync(file, der(two));
    environment['NODE_EXTRA_CA_CERTS'] = file;
    const trusted = fingerprints((await hostCertificates()).toString());
    expect(trusted).toContain(fingerprints(two)[0]);
    expect(new Set(trusted).size).toBe(trusted.length);
    writeFileSync(file, 'not one');
    await expect(hostCertificates()).rejects.toThrow(/NODE_EXTRA_CA_CERTS names a file without a certificate/);
    rmSync(file);
    await expect(hostCertificates()).rejects.toThrow(/names a file that cannot be read/);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(environment, name);
      else environment[name] = value;
    }
  }
});
