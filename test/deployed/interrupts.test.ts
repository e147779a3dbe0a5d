import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { isAlive, type ProcessIdentity } from '../../cli/bootstrap/process-identity.mjs';
import { findProgram } from '../../cli/bootstrap/programs.mjs';
import { readTerraformState } from '../../cli/terraform/state.js';
import { Duration } from '../../constructs/core/units.js';
import { command } from '../support/faults.js';
import { eventually } from '../support/eventually.js';
import { useSmallDeployment, withPlatform } from '../support/small-deployment.js';

/** For machines that are busy with other things, too: nothing is measured by it. */
const STEP_MS = 600_000;
const ENDS_WITHIN_S = 10;

type Deed = 'ctrl-c' | 'ctrl-c-twice' | 'close' | 'kill';

/** When what is done to which command, in seconds: while it prepares, while Terraform works, while it waits, and just before its end. */
const ON_START: readonly [number, Deed][] = [
  [1, 'ctrl-c'],
  [2.5, 'ctrl-c'],
  [4, 'ctrl-c'],
  [6, 'ctrl-c'],
  [3.5, 'ctrl-c-twice'],
  [4.5, 'close'],
  [4, 'kill'],
];
const ON_REMOVAL: readonly [string, number, Deed][] = [
  ['down', 0.7, 'ctrl-c'],
  ['down', 1.5, 'ctrl-c'],
  ['down', 1.5, 'kill'],
  ['destroy', 1.5, 'ctrl-c'],
  ['destroy', 2, 'close'],
];
/** While it makes containers anew, one by one. */
const ON_REPAIR: readonly [number, Deed][] = [
  [6, 'ctrl-c'],
  [9, 'kill'],
];
/** What does not end when it is asked to. */
const HANGING: readonly ['Terraform' | 'provider', Deed][] = [
  ['provider', 'ctrl-c-twice'],
  ['Terraform', 'ctrl-c'],
];
/** No terminal can be had without it. */
const python = process.platform === 'win32' ? undefined : findProgram('python3');
const reason = python === undefined ? ' (skipped: python3, which opens a terminal, is not here)' : '';

const context = useSmallDeployment('cut');

/**
 * @param when seconds after its start, or a file: as soon as that is there
 * @returns seconds from then to its end and its exit code
 */
async function disturb(
  name: string,
  when: number | string,
  deed: Deed,
): Promise<{ took: number; code: string; said: string }> {
  const args = [name, '--env', 'ci', '--instance', context.instance ?? '', ...(name === 'destroy' ? ['--yes'] : [])];
  const { stdout } = await execa(
    python ?? '',
    [join('test', 'support', 'press.py'), String(when), deed, process.execPath, 'bootstrap.mjs', ...args],
    { reject: false },
  );
  const [first = '', ...rest] = stdout.split('\n');
  const [took = '', code = ''] = first.split(' ');
  return { took: Number(took), code, said: rest.join('\n') };
}

/** Whatever was done: Terraform ends, and status, down and start work without anybody's help. */
async function expectGoodOrder(deed: Deed): Promise<void> {
  const { paths } = context;
  const record = join(paths.folder, 'terraform.pid');
  await eventually(
    () => {
      const alive = existsSync(record) && isAlive(JSON.parse(readFileSync(record, 'utf8')) as ProcessIdentity);
      expect(alive).toBe(false);
    },
    { within: Duration.seconds(15) },
  );
  // Only what is killed in the middle of a write leaves a state that the next command repairs.
  if (deed === 'ctrl-c' && existsSync(paths.state)) JSON.parse(readFileSync(paths.state, 'utf8'));
  const status = await command({ context }, 'status', '--json');
  JSON.parse(status.stdout);
}

async function expectSuccess(name: string): Promise<void> {
  const { exitCode, all } = await command({ context }, name);
  expect([exitCode, all]).toEqual([0, all]);
  expect(all).not.toContain("waiting for state to become 'removed'");
}

function expectEnd({ took, code, said }: { took: number; code: string; said: string }, deed: Deed): void {
  // Whoever is faster than the hand has ended well.
  // Of a closed terminal nobody reads the code.
  const allowed = { 'ctrl-c': ['0', '130'], 'ctrl-c-twice': ['0', '130'], close: [code], kill: ['0', '137'] }[deed];
  expect([said, allowed]).toEqual([said, expect.arrayContaining([code])]);
  expect(took).toBeLessThan(ENDS_WITHIN_S + 1);
  process.stderr.write(
    `      ended after ${took} s with ${code}${said.includes('finishes what it is writing') ? ', said that Terraform finishes' : ''}\n`,
  );
}

/** What Terraform runs in: there its providers run too. */
function processesOfTerraform(): { pid: number; provider: boolean }[] {
  const folder = realpathSync(context.paths.stack);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (readlinkSync(join('/proc', name, 'cwd')) !== folder) return [];
        const command = readFileSync(join('/proc', name, 'cmdline'), 'utf8');
        // The keeper runs there too.
        if (command.includes('keeper.mjs')) return [];
        return [{ pid: Number(name), provider: command.includes('terraform-provider') }];
      } catch {
        // It has ended just now.
        return [];
      }
    });
}

/** As one that waits for an engine which no longer answers: it is asked to end, and does not. */
async function freeze(what: 'Terraform' | 'provider'): Promise<void> {
  await eventually(
    () => {
      const record = JSON.parse(readFileSync(join(context.paths.folder, 'terraform.pid'), 'utf8')) as ProcessIdentity;
      const running = processesOfTerraform();
      // There are short-lived ones while it looks at what it has to do.
      if (!running.some(({ provider }) => provider)) throw new Error('no provider runs');
      if (!applies(record.pid)) throw new Error('it prepares');
      const frozen = running.filter(({ provider }) => provider === (what === 'provider'));
      for (const { pid } of frozen) process.kill(pid, 'SIGSTOP');
    },
    { within: Duration.seconds(60) },
  );
}

/** Rather than `init`. */
function applies(pid: number): boolean {
  return /apply/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
}

const example = python === undefined ? it.skip : it;

describe(`a command in a terminal${reason}`, () => {
  for (const [seconds, deed] of ON_START) {
    example(
      `start, ${deed} after ${seconds} s`,
      async () => {
        expectEnd(await disturb('start', seconds, deed), deed);
        await expectGoodOrder(deed);
        await expectSuccess('down');
      },
      STEP_MS,
    );
  }

  for (const [name, seconds, deed] of ON_REMOVAL) {
    example(
      `${name}, ${deed} after ${seconds} s`,
      async () => {
        await expectSuccess('start');
        expectEnd(await disturb(name, seconds, deed), deed);
        await expectGoodOrder(deed);
        await expectSuccess('start');
      },
      STEP_MS,
    );
  }

  for (const [seconds, deed] of ON_REPAIR) {
    example(
      `a start that repairs what was changed by hand, ${deed} after ${seconds} s`,
      async () => {
        await expectSuccess('start');
        await withPlatform(context, async (platform) => {
          await platform.atMaster().set('kept', deed);
          for (const name of [...platform.nodes, 'redis-sentinel-1', 'api-0']) {
            await platform.container(name).update({ CpuShares: 77 });
          }
        });
        expectEnd(await disturb('start', seconds, deed), deed);
        await expectGoodOrder(deed);
        await expectSuccess('start');
        const { exitCode, all } = await command({ context }, 'plan');
        expect([exitCode, all]).toEqual([0, expect.stringContaining('No changes')]);
        expect(await withPlatform(context, (platform) => platform.atMaster().get('kept'))).toBe(deed);
      },
      STEP_MS,
    );
  }

  // Where /proc is, and a process can be stopped.
  const freezing = python !== undefined && process.platform === 'linux' ? it : it.skip;
  for (const [what, deed] of HANGING) {
    freezing(
      `start, ${deed} while ${what} hangs`,
      async () => {
        await expectSuccess('down');
        const folder = mkdtempSync(join(tmpdir(), 'frozen-'));
        try {
          const frozen = join(folder, 'frozen');
          const freezes = freeze(what).then(() => {
            writeFileSync(frozen, '');
          });
          const [ended] = await Promise.all([disturb('start', frozen, deed), freezes]);
          expect([ended.said, ended.code]).toEqual([ended.said, '130']);
          expect(ended.said).toContain('Terraform finishes what it is writing');
          const [least, most] = deed === 'ctrl-c' ? [7, ENDS_WITHIN_S + 1] : [1, 5];
          expect(ended.took).toBeGreaterThanOrEqual(least);
          expect(ended.took).toBeLessThan(most);
          process.stderr.write(`      ended after ${ended.took} s\n`);
        } finally {
          rmSync(folder, { recursive: true });
        }
        // Nobody is left, at once.
        expect(processesOfTerraform()).toEqual([]);
        readTerraformState(context.paths.state);
        await expectGoodOrder(deed);
        await expectSuccess('down');
      },
      STEP_MS,
    );
  }
});
