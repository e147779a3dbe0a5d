import type Docker from 'dockerode';
import { demultiplex } from '../../cli/status/logs.js';
import type { Platform } from './platform.js';

/** Helpers carry it, and not the deployment's own label: they are nothing that a plan or a drift check may see. */
const LABEL = { 'redis-platform.test-helper': 'true' };

/**
 * Runs a bash script in a container of the base image and removes the container.
 * @returns what the script printed
 * @throws with what it printed if it fails
 */
export async function runHelper(
  platform: Platform,
  script: string,
  { user = '10001:10001', ...host }: Docker.HostConfig & { readonly user?: string },
): Promise<string> {
  const container = await platform.docker.createContainer({
    Image: await platform.helperImage(),
    Cmd: ['bash', '-c', script],
    User: user,
    Labels: LABEL,
    HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'], ...host },
  });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const printed = demultiplex(await container.logs({ stdout: true, stderr: true }));
    if (StatusCode !== 0) throw new Error(`a helper container ended with ${StatusCode}: ${printed}`);
    return printed;
  } finally {
    await container.remove({ force: true, v: true });
  }
}
