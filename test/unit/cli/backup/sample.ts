import { createHash } from 'node:crypto';
import { FORMAT_VERSION, type Manifest } from '../../../../cli/backup/manifest.js';

/** What a backup is of, and what it says of it. */
export const rdb = Buffer.alloc(300_000, 'REDIS0012 not really');
export const manifest: Manifest = {
  formatVersion: FORMAT_VERSION,
  deployment: 'dev',
  environment: 'dev',
  takenAt: '2026-01-02T03:04:05.000Z',
  redisVersion: '8.0.2',
  from: 'replica',
  mark: { replication: 'a'.repeat(40), asked: 7, taken: 9 },
  keys: 3,
  memory: { max: 0, used: 1000 },
  rdb: { bytes: rdb.length, sha256: createHash('sha256').update(rdb).digest('hex') },
};
