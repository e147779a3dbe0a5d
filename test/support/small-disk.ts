import { bringUp, Faults } from './faults.js';
import { runHelper } from './helper-container.js';
import { inSync } from './in-sync.js';
import type { Platform } from './platform.js';

/** Room for a few minutes of a ledger's writes, and little of the machine's memory, where such a disk is. */
const DISK = '24m';
const FILLING = '/data/filling';

/** A data node whose disk has an end: a file system in memory, as the engine's own has no limit that a test may reach. */
export class SmallDisk {
  private constructor(
    private readonly platform: Platform,
    private readonly node: string,
    private readonly volume: string,
  ) {}

  /** Gives a node such a disk, an empty one; it then syncs from the others. The volume is the node's own by its name. */
  static async give(platform: Platform, node: string): Promise<SmallDisk> {
    const { nodes } = platform.redis;
    const instance = nodes.instances.find(({ name }) => name === node);
    const volume = instance?.volumes.find(({ path }) => path === '/data');
    if (!volume) throw new Error(`${node} has no data volume`);
    await new Faults(platform).removeWithData(node);
    const o = `size=${DISK},uid=${nodes.user},gid=${nodes.user},mode=0700`;
    await platform.docker.createVolume({
      Name: volume.name,
      Driver: 'local',
      DriverOpts: { type: 'tmpfs', device: 'tmpfs', o },
    });
    await bringUp(platform);
    await inSync(platform);
    return new SmallDisk(platform, node, volume.name);
  }
  /** To the last byte. */
  async fill(): Promise<void> {
    await this.onDisk(
      `dd if=/dev/zero of=${FILLING} bs=64k 2>/dev/null; test "$(df --output=avail /data | tail -1)" -eq 0`,
    );
  }
  async empty(): Promise<void> {
    await this.onDisk(`rm -f ${FILLING}`);
  }
  /** Gives the node a disk like the others' again. */
  async takeBack(): Promise<void> {
    await inSync(this.platform);
    await new Faults(this.platform).removeWithData(this.node);
    await bringUp(this.platform);
  }

  /** From beside it: what the filling takes is not the node's memory. */
  private onDisk(script: string): Promise<string> {
    const { user } = this.platform.redis.nodes;
    return runHelper(this.platform, script, { user: `${user}:${user}`, Binds: [`${this.volume}:/data`] });
  }
}
