import { expect, test } from '@jest/globals';
import { chooseLogs } from '../../../../cli/start/logs-choice.js';
import { SPARE, sumOfLimits } from '../../../../cli/preflight/memory.js';
import { parseEnvironment } from '../../../../environments/schema.js';
import { project } from '../../../../project.js';
import { declaredTopology } from '../../../../cli/synth/declared-topology.js';
import { dev } from '../../../support/dev.js';

const environment = parseEnvironment(dev);
const declared = {
  elastic: await declaredTopology(project, environment, { logs: 'elastic' }),
  debian: await declaredTopology(project, environment, { logs: 'debian' }),
};
const GIB = 1024 ** 3;

/** What Docker Desktop gives its engine of a laptop's memory: half of it, less what the kernel keeps. */
test.each([
  [4, true, 'off'],
  [4, false, 'off'],
  [8, true, 'debian'],
  [8, false, 'debian'],
  [16, true, 'elastic'],
  [16, false, 'debian'],
])('a laptop with %d GB, image registry %s: %s', (gigabytes, registry, logs) => {
  expect(
    chooseLogs(registry ? undefined : 'needs an image registry', (gigabytes / 2) * 0.95 * GIB, declared).logs,
  ).toBe(logs);
});

test('it is said in one line with the numbers', () => {
  const others = sumOfLimits(declared.debian.services.filter(({ supporting }) => !supporting)) + SPARE.toBytes();
  expect(chooseLogs(undefined, others + 1.5 * GIB, declared).line).toBe(
    `logs: debian (1.5 of the engine's ${(others / GIB + 1.5).toFixed(1)} GiB of memory are free for it; elastic needs 3.5, debian 1.4)`,
  );
  expect(chooseLogs('needs an image registry', others + GIB, declared).line).toMatch(
    /^logs: off \(1\.0 .*elastic needs an image registry, debian 1\.4/,
  );
});

test('with --frozen, a stack that is not locked is refused by name, and the other one taken', () => {
  expect(chooseLogs('is not locked', 16 * GIB, declared)).toEqual({
    logs: 'debian',
    line: expect.stringContaining('elastic is not locked'),
  });
});

test('what the environment gives the stack counts', async () => {
  const large = parseEnvironment({ ...dev, logs: { memory: '3GiB' } });
  const both = {
    elastic: await declaredTopology(project, large),
    debian: await declaredTopology(project, large, { logs: 'debian' }),
  };
  expect(chooseLogs('needs an image registry', 3.8 * GIB, both).logs).toBe('off');
});
