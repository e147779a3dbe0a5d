import { setTimeout as pause } from 'node:timers/promises';

const AT_MOST_MS = 60_000;

/**
 * Writes one key after the other and prints which were confirmed by a replica.
 * @param {(key: string, value: string) => Promise<number>} write returns how many replicas have confirmed it
 */
export async function writeAll(write) {
  const [, , prefix = ''] = process.argv;
  const end = Date.now() + AT_MOST_MS;
  for (let number = 0; Date.now() < end; number++) {
    try {
      const replicas = await write(`${prefix}${number}`, `${number}`);
      console.log(replicas >= 1 ? `confirmed ${number}` : `refused ${number} by ${replicas} replicas`);
    } catch (error) {
      console.log(`refused ${number} ${error instanceof Error ? error.message : String(error)}`.split('\n')[0]);
    }
    await pause(10);
  }
  process.exit();
}
