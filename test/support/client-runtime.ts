import { imageTag } from '../../constructs/core/content-hash.js';
import { ImageBuilder, isPresent } from '../../cli/images/image-builder.js';
import type { Client } from '../../cli/clients/index.js';
import { processEnv } from '../../environments/process-env.js';
import { runHelper } from './helper-container.js';
import { note } from './live.js';
import { Platform } from './platform.js';

/** Where the clients that are not Node's are, with what runs them. */
const FOLDER = 'test/clients';
const FOUNDATION = 'images/go-builder';

/** What runs a client, or why nothing does. */
export type Runtime = 'node' | { readonly image: string } | { readonly reason: string };

export interface RuntimeOptions {
  /** Build the image that the clients of other languages need, which takes minutes: Debian's Java, PyPI, Maven, Go. @default false */
  readonly build?: boolean;
}

/**
 * Node runs its own clients; all others run in one image, if the engine has it.
 * @throws PlatformError in continuous integration if it cannot be built: nobody reads there what was skipped
 */
export async function clientRuntimes({ build = false }: RuntimeOptions = {}): Promise<(client: Client) => Runtime> {
  const platform = await Platform.open();
  try {
    const others = await imageOf(platform, build);
    return ({ language }) => (language === 'Node.js' ? 'node' : others);
  } finally {
    await platform.close();
  }
}

async function imageOf(platform: Platform, build: boolean): Promise<Runtime> {
  if (!(await sharesLoopback(platform))) return { reason: 'containers do not reach the ports of this machine' };
  const image = imageTag(FOLDER);
  if (await isPresent(platform.engine, image)) return { image };
  if (!build)
    return { reason: `the image of ${FOLDER} is not there: \`npm test -- --bench --only clients\` builds it` };
  if (!(await isPresent(platform.engine, imageTag(FOUNDATION)))) {
    return { reason: 'images are not built on this engine' };
  }
  note(`building ${FOLDER}`);
  try {
    await new ImageBuilder(platform.engine, 'build').ensure(FOLDER);
    return { image };
  } catch (error) {
    if (processEnv['CI']) throw error;
    return { reason: error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error) };
  }
}

/** On Docker Desktop, a container in the host's network is in that of a virtual machine. */
async function sharesLoopback(platform: Platform): Promise<boolean> {
  const { hostname, port } = new URL(platform.outputs.redis.masterUrl);
  try {
    await runHelper(platform, `exec 3<>/dev/tcp/${hostname}/${port}`, { NetworkMode: 'host' });
    return true;
  } catch {
    return false;
  }
}
