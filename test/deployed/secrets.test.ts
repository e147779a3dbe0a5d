import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { demultiplex } from '../../cli/status/logs.js';
import { it, usePlatform } from '../support/live.js';
import { secretsIn as search, secretValues } from '../support/secrets.js';

const platform = usePlatform();

const secretsIn = (text: string) => search(text, secretValues(platform()));

async function containers(): Promise<string[]> {
  const filters = { label: [`redis-platform.deployment=${platform().context.name}`] };
  return (await platform().docker.listContainers({ all: true, filters })).map(({ Id }) => Id);
}

describe('no secret is', () => {
  it('missing: there is one for each that the topology names, and the search for them works', () => {
    const values = secretValues(platform());
    expect([...values.keys()].sort()).toEqual([...platform().topology.secrets]);
    expect(new Set(values.values()).size).toBe(values.size);
    const [[name, value] = ['', '']] = values;
    expect(secretsIn(`before ${value} after`)).toEqual([name]);
  });

  it('in the state, the Terraform program, the topology or what was recorded about the last start', () => {
    const { paths } = platform().context;
    for (const folder of [paths.folder, paths.stack]) {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name);
        // These two folders are where secrets are meant to be.
        if (!entry.isFile() || [paths.secrets, paths.files].some((secret) => file.startsWith(secret))) continue;
        if (statSync(file).size < 20_000_000) expect([file, secretsIn(readFileSync(file, 'utf8'))]).toEqual([file, []]);
      }
    }
  });

  it('in what the engine tells about containers, images, volumes and networks', async () => {
    const { docker } = platform();
    const inspected = await Promise.all((await containers()).map((id) => docker.getContainer(id).inspect()));
    expect(inspected.length).toBeGreaterThan(0);
    const images = [...new Set(inspected.map(({ Image }) => Image))];
    const told = [
      ...inspected,
      ...(await Promise.all(images.map((id) => docker.getImage(id).inspect()))),
      ...((await Promise.all(images.map((id) => docker.getImage(id).history()))) as unknown[]),
      ...(await docker.listVolumes()).Volumes,
      ...(await docker.listNetworks()),
    ];
    expect(secretsIn(JSON.stringify(told))).toEqual([]);
  });

  it('in a log', async () => {
    for (const id of await containers()) {
      const log = await platform().docker.getContainer(id).logs({ stdout: true, stderr: true });
      expect(secretsIn(demultiplex(log))).toEqual([]);
    }
  });

  it('in the list of processes', async () => {
    for (const { instances } of platform().topology.services) {
      for (const { name } of instances) {
        expect(secretsIn(JSON.stringify(await platform().processes(name)))).toEqual([]);
      }
    }
  });

  it('readable for others on this machine', () => {
    if (process.platform === 'win32') return;
    const { secrets, files } = platform().context.paths;
    for (const folder of [secrets, files]) {
      expect(statSync(folder).mode & 0o077).toBe(0);
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) expect(statSync(join(entry.parentPath, entry.name)).mode & 0o077).toBe(0);
      }
    }
  });
});
