import { beforeAll, describe, expect } from '@jest/globals';
import { execa } from 'execa';
import { findDocker } from '../../cli/engine/docker-cli.js';
import { ImageBuilder } from '../../cli/images/image-builder.js';
import { imageTag } from '../../constructs/core/content-hash.js';
import { Duration } from '../../constructs/core/units.js';
import { changedContext } from '../support/changed-context.js';
import { bringUp } from '../support/faults.js';
import { it, note, usePlatform } from '../support/live.js';
import { useRollingChange } from '../support/rolling-change.js';

// A bench, as its image compiles Redis, which takes minutes. It needs a Debian mirror.
const FOLDER = 'images/redis-defrag';
const COMPILED_WITHIN_MS = 1_800_000;
const WITHIN = Duration.seconds(400);
const platform = usePlatform({ restore: bringUp });
const { rolling } = useRollingChange(platform, WITHIN);
let tests = '';

beforeAll(async () => {
  const builder = new ImageBuilder(platform().engine, 'build');
  await builder.ensure(FOLDER);
  tests = await builder.ensureTests(FOLDER);
}, COMPILED_WITHIN_MS);

describe('a Redis that defragments', () => {
  it(
    'gives back the memory between keys, and no value is another one',
    async () => {
      const { exitCode, all } = await execa(findDocker(), ['run', '--rm', '--init', tests], {
        reject: false,
        all: true,
        env: platform().engine.environment,
      });
      note(/active memory: .*/.exec(all)?.[0] ?? all);
      expect([exitCode, all]).toEqual([0, expect.stringContaining('--- PASS')]);
    },
    WITHIN,
  );

  it(
    'replaces the nodes one by one under load, the master last, and nobody else',
    async () => {
      const master = await platform().master();
      const context = changedContext(platform(), (declared) => ({
        ...declared,
        redis: { ...declared.redis, activeDefrag: true },
      }));
      const order = await rolling('activeDefrag', context);
      expect([...order].sort()).toEqual([...platform().nodes].sort());
      expect(order.at(-1)).toBe(master);
      for (const node of platform().nodes) {
        const { Config } = await platform().container(node).inspect();
        expect([node, Config.Image]).toEqual([node, imageTag(FOLDER)]);
        const client = platform().atNode(node);
        expect([node, (await client.config('GET', 'activedefrag'))[1]]).toEqual([node, 'yes']);
        platform().disconnect(client);
      }
    },
    WITHIN,
  );
});
