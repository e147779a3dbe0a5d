import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { renderBom } from '../../../../cli/sbom/bom.js';
import { debianPackages, distribution } from '../../../../cli/sbom/debian-packages.js';
import { goBuildInfo } from '../../../../cli/sbom/go-build-info.js';

const STATUS = `Package: redis-server
Status: install ok installed
Architecture: amd64
Source: redis
Version: 5:8.0.2-3+deb13u3
Description: Persistent key-value database with network interface
 Version: this line belongs to the text above

Package: libc6
Status: install ok installed
Source: glibc (2.41-12)
Architecture: amd64
Version: 2.41-12+b1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2026a-0

`;
const OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\nID_LIKE=x\n';

const MODULES = [
  'path\tshop/server',
  'mod\tshop/server\t(devel)\t',
  'dep\tgithub.com/redis/go-redis/v9\tv9.21.0\th1:x=',
  'dep\tgithub.com/old/thing\tv1.0.0',
  '=>\tgithub.com/new/thing\tv1.0.1\th1:y=',
  `build\t-ldflags=${'x'.repeat(200)}`,
  '',
].join('\n');

/** A program as Go's linker lays it out. */
function goProgram({ before = 64, flags = 2, modules = MODULES } = {}): Buffer {
  const string = (text: string): Buffer => {
    const length = Buffer.byteLength(text);
    const prefix = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
    return Buffer.concat([Buffer.from(prefix), Buffer.from(text)]);
  };
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 'latin1');
  header[14] = 8;
  header[15] = flags;
  const sentinel = '*'.repeat(16);
  return Buffer.concat([
    Buffer.alloc(before, 7),
    header,
    string('go1.24.4 X:none'),
    string(sentinel + modules + sentinel),
    Buffer.alloc(50),
  ]);
}

describe("Debian's packages", () => {
  test('are those that are installed, with what they were built from', () => {
    const [redis, libc, tzdata, ...rest] = debianPackages(STATUS);
    expect(redis).toEqual({
      name: 'redis-server',
      version: '5:8.0.2-3+deb13u3',
      architecture: 'amd64',
      source: { name: 'redis', version: '5:8.0.2-3+deb13u3' },
    });
    expect(libc?.source).toEqual({ name: 'glibc', version: '2.41-12' });
    expect(tzdata?.source).toEqual({ name: 'tzdata', version: '2026a-0' });
    expect(rest).toEqual([]);
  });

  test('are none in an image that has no dpkg', () => {
    expect(debianPackages('')).toEqual([]);
  });

  test('belong to a distribution', () => {
    expect(distribution(OS_RELEASE)).toEqual({ id: 'debian', version: '13' });
    expect(distribution('')).toEqual({ id: 'linux', version: '' });
  });
});

describe("Go's modules", () => {
  test('are read from the program itself, replaced ones as what stands in for them', () => {
    expect(goBuildInfo(goProgram())).toEqual({
      goVersion: '1.24.4',
      modules: [
        { path: 'shop/server', version: '(devel)' },
        { path: 'github.com/redis/go-redis/v9', version: 'v9.21.0' },
        { path: 'github.com/new/thing', version: 'v1.0.1' },
      ],
    });
  });

  test.each([
    ['another program', Buffer.from('#!/bin/sh\n'.repeat(1000))],
    ['a program that only mentions the mark, unaligned', goProgram({ before: 63 })],
    ['a program older than Go 1.18', goProgram({ flags: 0 })],
    ['an empty file', Buffer.alloc(0)],
  ])('are none in %s', (_, program) => {
    expect(goBuildInfo(program)).toBeUndefined();
  });

  test('are found behind a false mark', () => {
    const both = Buffer.concat([goProgram({ before: 63, modules: '' }), Buffer.alloc(13), goProgram({ before: 0 })]);
    const padded = Buffer.concat([both.subarray(0, 0), both]);
    const at = padded.lastIndexOf(Buffer.from('\xff Go buildinf:', 'latin1'));
    const aligned = Buffer.concat([padded.subarray(0, at), Buffer.alloc(16 - (at % 16)), padded.subarray(at)]);
    expect(goBuildInfo(aligned)?.modules).toHaveLength(3);
  });

  test('a cut-off program does no harm', () => {
    const whole = goProgram();
    expect(() => goBuildInfo(whole.subarray(0, 110))).not.toThrow();
  });
});

describe('an SBOM', () => {
  const files = {
    dpkgStatus: STATUS,
    osRelease: OS_RELEASE,
    programs: new Map([
      ['/usr/local/bin/shop', goProgram()],
      ['/usr/local/bin/check', goProgram()],
      ['/usr/local/bin/script', Buffer.from('#!/bin/sh')],
    ]),
  };
  const rendered = renderBom('redis-platform.invalid/shop:0123456789ab', files);
  const parsed = rendered.then(
    (text) => JSON.parse(text) as { metadata: unknown; components: { purl: string; properties?: unknown[] }[] },
  );

  test('names the image and every package once, by its package URL', async () => {
    const bom = await parsed;
    expect(bom.metadata).toEqual({
      component: {
        type: 'container',
        name: 'redis-platform.invalid/shop',
        version: '0123456789ab',
        'bom-ref': 'image',
      },
    });
    expect(bom.components.map(({ purl }) => purl).sort()).toEqual([
      'pkg:deb/debian/libc6@2.41-12+b1?arch=amd64&distro=debian-13&upstream=glibc%402.41-12',
      'pkg:deb/debian/redis-server@5:8.0.2-3+deb13u3?arch=amd64&distro=debian-13&upstream=redis',
      'pkg:deb/debian/tzdata@2026a-0?arch=all&distro=debian-13',
      'pkg:golang/github.com/new/thing@v1.0.1',
      'pkg:golang/github.com/redis/go-redis/v9@v9.21.0',
      'pkg:golang/shop/server',
      'pkg:golang/std@1.24.4',
    ]);
  });

  test('says which programs a module is in', async () => {
    const bom = await parsed;
    const module = bom.components.find(({ purl }) => purl.includes('go-redis'));
    expect(module?.properties).toEqual([
      { name: 'redis-platform:program', value: '/usr/local/bin/check' },
      { name: 'redis-platform:program', value: '/usr/local/bin/shop' },
    ]);
  });

  test('is the same text for the same content, in whatever order it was found', async () => {
    const turned = {
      ...files,
      dpkgStatus: STATUS.split('\n\n').toReversed().join('\n\n'),
      programs: new Map([...files.programs].toReversed()),
    };
    expect(await renderBom('redis-platform.invalid/shop:0123456789ab', turned)).toBe(await rendered);
    expect(await rendered).not.toMatch(/timestamp|serialNumber|\r/);
  });

  test('keeps to the schema of CycloneDX 1.6', async () => {
    const bom = await parsed;
    const folder = join('node_modules', '@cyclonedx', 'cyclonedx-library', 'res', 'schema');
    const schema = (name: string) =>
      JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8')) as object;
    // Formats such as idn-email, which only other packages know, are not used here.
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
      ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    }
    const validate = ajv.compile(schema('bom-1.6'));
    expect(validate(bom) ? [] : validate.errors).toEqual([]);
    expect(validate({ ...bom, components: [{ name: 'no type' }] })).toBe(false);
  });
});
