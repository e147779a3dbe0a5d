import { expect, it as jestIt } from '@jest/globals';
import { CLIENTS } from '../../cli/clients/index.js';
import { Duration } from '../../constructs/core/units.js';
import { aclLogs, resetAclLogs } from './acl-log.js';
import type { clientRuntimes } from './client-runtime.js';
import { ClientWriter } from './client-writer.js';
import { eventually } from './eventually.js';
import { command } from './faults.js';
import { missing } from './ledger.js';
import { it, note } from './live.js';
import type { Platform } from './platform.js';

const WITHIN = Duration.seconds(120);
const BACK_WITHIN = Duration.seconds(30);

/** What happens to the master. */
export interface Ending {
  /** In a word. */
  readonly what: string;
  happen(master: string): Promise<unknown>;
  /** When there is another master. */
  undo?(master: string): Promise<unknown>;
}

/**
 * Declares a test for each client library: the code that is printed for it goes on to write on another master, and loses nothing.
 * @param runtimes awaited while tests are declared
 */
export function followFailover(
  platform: () => Platform,
  runtimes: Awaited<ReturnType<typeof clientRuntimes>>,
  ending: Ending,
): void {
  for (const client of CLIENTS) {
    const { name, way, version } = client;
    const runtime = runtimes(client);
    if (typeof runtime === 'object' && 'reason' in runtime) {
      jestIt.skip(`${name} (skipped: ${runtime.reason})`, () => undefined);
      continue;
    }
    it(
      `${name}, by the ${way}`,
      async () => {
        const { redis } = await platform().healthy();
        const master = redis?.master ?? '';
        await resetAclLogs(platform());
        const writer = await ClientWriter.start(platform(), client, runtime, await codeFor(platform(), name));
        try {
          await ending.happen(master);
          try {
            await writer.resumed(await failedOver(platform(), master), BACK_WITHIN);
          } finally {
            await ending.undo?.(master);
          }
          // What a former master would throw away is gone by then.
          await platform().healthy();
        } finally {
          await writer.stop();
        }
        const { confirmed, outage } = writer;
        const reader = platform().atMaster();
        const lost = await missing(reader, confirmed);
        await reader.unlink(confirmed.map(({ key }) => key));
        note(
          `${name} ${version}, ${way}, ${ending.what}: outage ${outage.toFixed(2)} s; ${confirmed.length} confirmed, ${lost.length} lost`,
        );
        expect(lost).toEqual([]);
        // Nothing that the library sent when it connected, or while it looked for the master, was refused.
        expect(await aclLogs(platform())).toEqual([]);
      },
      WITHIN,
    );
  }
}

/** As people get it. */
async function codeFor(platform: Platform, client: string): Promise<string> {
  const { exitCode, stdout, all } = await command(platform, 'outputs', '--client', client);
  if (exitCode !== 0) throw new Error(all);
  return stdout;
}

async function failedOver(platform: Platform, from: string): Promise<number> {
  await eventually(
    async () => {
      const { redis } = await platform.status();
      if (!redis || redis.master === from) throw new Error(`${from} is still the master`);
    },
    { within: BACK_WITHIN },
  );
  return Date.now();
}
