import { expect, test } from '@jest/globals';
import { waitCommand } from '../../../../cli/commands/wait.js';
import { createContext } from '../../../support/context.js';
import { undeployed } from '../../../../cli/status/gather.js';
import type { Status } from '../../../../cli/status/status.js';

const context = createContext({ env: 'dev' });
const absent = undeployed('dev', 'dev is not deployed.');
const serving: Status = { ...absent, serving: true };
const well: Status = { ...serving, ok: true, problems: [] };

async function wait(options: Parameters<typeof waitCommand>[1], ...seen: Status[]) {
  const said: string[] = [];
  let looks = 0;
  const code = await waitCommand(
    context,
    options,
    () => Promise.resolve(seen[Math.min(looks++, seen.length - 1)] ?? absent),
    (line) => said.push(line),
  );
  return { code, said, looks };
}

test('what is not deployed yet is waited for, and the same news are told once', async () => {
  const { code, said } = await wait({}, absent, absent, well);
  expect(code).toBe(0);
  expect(said).toEqual(['dev is not deployed.', 'dev is ready.']);
});

test('clients are served before all is well', async () => {
  expect(await wait({ for: 'clients' }, serving)).toMatchObject({ code: 0, looks: 1 });
  expect(await wait({ for: 'all', timeout: '0.6s' }, serving)).toMatchObject({ code: 1 });
});

test('when time is up, it says so and where to look', async () => {
  const { code, said } = await wait({ timeout: '0.1s' }, absent);
  expect(code).toBe(1);
  expect(said.at(-1)).toBe('dev is not ready after 100ms. Run `npm run status` to see why.');
});

test('a time-out that is none is refused', async () => {
  await expect(wait({ timeout: 'soon' }, absent)).rejects.toThrow('--timeout is not a duration (got soon)');
});
