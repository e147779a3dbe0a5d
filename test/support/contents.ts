import { createHash } from 'node:crypto';
import type { Platform } from './platform.js';

/** A hash of all keys of a node with their values, whatever order the node has them in. */
export async function contentsOf(platform: Platform, node: string): Promise<string> {
  const client = platform.atNode(node);
  const entries: string[] = [];
  try {
    let cursor = '0';
    do {
      const [next, keys] = await client.scan(cursor, 'COUNT', 1000);
      cursor = next;
      const dumps = await client.pipeline(keys.map((key) => ['dump', key])).exec();
      keys.forEach((key, index) => entries.push(`${key}\n${String(dumps?.[index]?.[1])}`));
    } while (cursor !== '0');
  } finally {
    platform.disconnect(client);
  }
  // A key may come twice while the table is resized.
  const hash = createHash('sha256');
  for (const entry of [...new Set(entries)].sort()) hash.update(entry).update('\0');
  return hash.digest('hex');
}
