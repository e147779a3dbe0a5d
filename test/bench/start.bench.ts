import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { execa } from 'execa';
import type { ExportReport } from '../../cli/commands/export.js';
import { findDocker } from '../../cli/engine/docker-cli.js';
import { connectEngine } from '../../cli/engine/engine.js';
import { Duration } from '../../constructs/core/units.js';
import { processEnv } from '../../environments/process-env.js';
import { eventually } from '../support/eventually.js';
import { note } from '../support/live.js';
import { quantile } from '../support/numbered-requests.js';
import { succeed, useSmallDeployment } from '../support/small-deployment.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/**
 * Our start against Docker Compose, with the same containers: `npm test -- --bench --only start`, PAIRS=5. Both have their images, their files and
 * their volumes; no time fails it.
 */
const PAIRS = Number(processEnv['PAIRS'] ?? 5);
const context = useSmallDeployment('bench');
type Deed = 'up, until a PUT is answered' | 'nothing to do' | 'down';

it(
  'starts and ends as fast as Docker Compose does',
  async () => {
    const file = join(temporaryFolder('bench'), 'platform.yaml');
    await succeed(context, 'prepare-machine');
    const exported = await succeed(context, 'export', '--to', 'compose', '--output', file, '--json');
    const { published } = JSON.parse(exported.stdout) as ExportReport;
    const { environment } = await connectEngine();
    const compose = (...args: string[]) =>
      execa(findDocker(), ['compose', '--project-name', `rp-${context.name}`, '--file', file, ...args], {
        env: { ...environment },
      });
    const port = published.find(({ name }) => name === 'http')?.hostPort ?? 0;
    const ways: Record<string, Record<Deed, () => Promise<unknown>>> = {
      Compose: {
        'up, until a PUT is answered': () => compose('up', '--detach').then(() => writes(port)),
        'nothing to do': () => compose('up', '--detach'),
        down: () => compose('down'),
      },
      ours: {
        'up, until a PUT is answered': () => succeed(context, 'start').then(() => writes(port)),
        'nothing to do': () => succeed(context, 'start'),
        down: () => succeed(context, 'down'),
      },
    };
    const times = new Map<string, number[]>();
    try {
      // Not counted: volumes are made, and provider and program unpacked.
      for (const way of ['Compose', 'ours']) {
        await ways[way]?.['up, until a PUT is answered']();
        await ways[way]?.down();
      }
      for (let pair = 0; pair < PAIRS; pair++) {
        for (const way of pair % 2 === 0 ? ['Compose', 'ours'] : ['ours', 'Compose']) {
          for (const [deed, act] of Object.entries(ways[way] ?? {})) {
            const begun = Date.now();
            await act();
            const key = `${way} ${deed}`;
            times.set(key, [...(times.get(key) ?? []), (Date.now() - begun) / 1000]);
          }
        }
      }
    } finally {
      await compose('down', '--volumes');
    }
    for (const deed of Object.keys(ways['ours'] ?? {})) {
      const [theirs = [], ours = []] = ['Compose', 'ours'].map((way) => times.get(`${way} ${deed}`));
      const ratios = ours.map((one, pair) => one / (theirs[pair] ?? NaN));
      note(
        `${deed}: Compose ${quantile(theirs, 0.5).toFixed(2)} s, ours ${quantile(ours, 0.5).toFixed(2)} s, ` +
          `ratio ${quantile(ratios, 0.5).toFixed(2)} (median of ${ratios.map((one) => one.toFixed(2)).join(', ')})`,
      );
    }
  },
  Duration.seconds(PAIRS * 120 + 300).toMilliseconds(),
);

async function writes(port: number): Promise<void> {
  await eventually(
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/items/started`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ value: 'x' }),
        // The engine's port forwarder takes a connection before there is anybody to hand it to.
        signal: AbortSignal.timeout(1000),
      });
      expect(answer.ok).toBe(true);
    },
    { within: Duration.seconds(60), every: 50 },
  );
}
