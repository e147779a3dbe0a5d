import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { App } from 'cdktf';
import { environments } from '../../environments/index.js';
import { loadEnvironment } from '../../environments/selection.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import { makeStack } from '../../cli/synth/declare.js';
import { declare } from '../support/declare.js';
import { writeDeclaration } from '../../cli/synth/write-declaration.js';
import { PlatformStack } from '../../stacks/platform-stack.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe.each(Object.keys(environments))('the declaration of %s', (name) => {
  const options = { environment: loadEnvironment(Object.values(environments), name), site: UNPREPARED_SITE };

  test("is written to the byte as cdktf's own synth writes it", () => {
    const [ours, cdktfs] = [temporaryFolder('ours'), temporaryFolder('cdktf')];
    writeDeclaration(declare(options), ours);
    const app = new App({ stackTraces: false, outdir: cdktfs });
    makeStack(app, PlatformStack, options);
    app.synth();
    const read = (folder: string, ...path: string[]) => readFileSync(join(folder, ...path), 'utf8');
    expect(read(ours, 'stacks', name, 'cdk.tf.json')).toBe(read(cdktfs, 'stacks', name, 'cdk.tf.json'));
    expect(read(ours, 'manifest.json')).toBe(read(cdktfs, 'manifest.json').replaceAll('\\\\', '/'));
    expect(readdirSync(join(ours, 'stacks', name)).sort()).toEqual(['cdk.tf.json', 'topology.json']);
  });

  test('is data: its text says all of it', () => {
    const { program, topology, workload } = declare(options);
    for (const part of [program, topology]) expect(JSON.parse(JSON.stringify(part))).toEqual(part);
    expect(workload.services.map((service) => service.name)).toEqual(topology.services.map((service) => service.name));
  });
});
