import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { execa } from 'execa';
import type { ExportReport } from '../../cli/commands/export.js';
import { findDocker } from '../../cli/engine/docker-cli.js';
import { connectEngine } from '../../cli/engine/engine.js';
import { readSecret } from '../../cli/deployment/secrets.js';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { note } from '../support/live.js';
import { succeed, useSmallDeployment } from '../support/small-deployment.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const LIMIT_MS = 600_000;
const context = useSmallDeployment('compose');
const version = await composeVersion();
const reason = version === undefined ? ' (skipped: the plugin `docker compose` is not here)' : '';
const example = version === undefined ? it.skip : it;

async function composeVersion(): Promise<string | undefined> {
  const { stdout, exitCode } = await execa(findDocker(), ['compose', 'version', '--short'], { reject: false });
  return exitCode === 0 ? stdout.trim() : undefined;
}

example(
  `docker compose brings an exported deployment up healthy, and it serves and keeps data${reason}`,
  async () => {
    const file = join(temporaryFolder('compose'), 'out', 'platform.yaml');
    await succeed(context, 'prepare-machine');
    const { stdout } = await succeed(context, 'export', '--to', 'compose', '--output', file, '--json');
    const report = JSON.parse(stdout) as ExportReport;
    const project = `rp-${context.name}`;
    const { environment, docker } = await connectEngine();
    const compose = (...args: string[]) =>
      execa(findDocker(), ['compose', '--project-name', project, '--file', file, ...args], {
        env: { ...environment },
        all: true,
      });
    const containers = async () => {
      const filters = { label: [`com.docker.compose.project=${project}`] };
      const listed = await docker.listContainers({ all: true, filters });
      return Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()));
    };
    const http = report.published.find(({ name }) => name === 'http')?.hostPort ?? 0;
    const url = `http://127.0.0.1:${http}/v1/items/composed`;
    try {
      const started = Date.now();
      await compose('up', '--detach', '--wait', '--wait-timeout', '180');
      note(`compose ${version ?? ''} up and healthy in ${((Date.now() - started) / 1000).toFixed(1)} s`);

      const body = JSON.stringify({ value: 'by compose' });
      const headers = { 'content-type': 'application/json' };
      const written = await eventually(
        async () => {
          const answer = await fetch(url, { method: 'PUT', headers, body });
          expect(answer.ok).toBe(true);
          return answer.status;
        },
        { within: Duration.seconds(30) },
      );
      expect(written).toBeGreaterThanOrEqual(200);
      expect(await (await fetch(url)).json()).toMatchObject({ value: 'by compose' });

      const running = (await containers()).filter(({ State }) => State.Running);
      expect(running.map(({ Config }) => Config.Hostname).sort()).toEqual([...report.containers].sort());
      expect(running.map(({ State }) => State.Health?.Status)).toEqual(running.map(() => 'healthy'));
      const password = readSecret(context.paths, 'redis-app');
      expect((await containers()).filter((container) => JSON.stringify(container).includes(password))).toEqual([]);
      const ports = running.flatMap(({ HostConfig }) =>
        Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostIp: string }[]>).flat(),
      );
      expect(ports.map(({ HostIp }) => HostIp)).toEqual(report.published.map(() => '127.0.0.1'));

      // Nothing changed, so nothing is made again.
      await compose('up', '--detach', '--wait', '--wait-timeout', '180');
      const again = (await containers()).filter(({ State }) => State.Running);
      expect(again.map(({ Id }) => Id).sort()).toEqual(running.map(({ Id }) => Id).sort());

      await compose('down');
      await compose('up', '--detach', '--wait', '--wait-timeout', '180');
      await eventually(
        async () => {
          expect(await (await fetch(url)).json()).toMatchObject({ value: 'by compose' });
        },
        { within: Duration.seconds(30) },
      );
    } catch (error) {
      note((await compose('logs', '--tail', '20')).all);
      throw error;
    } finally {
      await compose('down', '--volumes', '--timeout', '15');
    }
    const { Volumes } = await docker.listVolumes();
    expect(Volumes.filter(({ Name }) => Name.startsWith(`${project}_`))).toEqual([]);
  },
  LIMIT_MS,
);
