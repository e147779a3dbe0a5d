import { afterEach, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { command, Faults, restarted, startedAt } from '../support/faults.js';
import { Ledger } from '../support/ledger.js';
import { it, note, usePlatform } from '../support/live.js';

// What each kind of damage does is tested in images/redis; here, how it looks from outside.
const platform = usePlatform();
const faults = () => new Faults(platform());
const KEYS = 1000;

afterEach(async () => {
  await faults().undo();
});

/** Runs a line in a node's container, as the user that Redis runs as there. */
async function run(name: string, line: string): Promise<string> {
  const exec = await platform()
    .container(name)
    .exec({ Cmd: ['sh', '-c', line], AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await exec.start({ Tty: true });
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  const output = Buffer.concat(pieces).toString('utf8');
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`"${line}" in ${name} ended with ${ExitCode}: ${output}`);
  return output;
}

/** Zeros in the middle of the append-only file, which Redis goes on writing. */
async function damage(name: string): Promise<void> {
  await run(
    name,
    'f=$(ls /data/appendonlydir/*.incr.aof | tail -1) && s=$(stat -c %s "$f") && test "$s" -gt 20000 && ' +
      'dd if=/dev/zero of="$f" bs=1 count=4096 seek=$((s / 2)) conv=notrunc',
  );
}

async function write(): Promise<void> {
  const client = platform().atMaster();
  const pipeline = client.pipeline();
  for (let number = 0; number < KEYS; number++) pipeline.set(`damaged:${number}`, 'x'.repeat(100), 'EX', 900);
  await pipeline.exec();
  expect(await client.wait(platform().nodes.length - 1, 5000)).toBe(platform().nodes.length - 1);
  platform().disconnect(client);
}

it(
  'a node whose append-only file is damaged, under load, copies the master by itself; nothing is lost',
  async () => {
    await platform().healthy();
    await write();
    const ledger = new Ledger(platform());
    await ledger.start();
    const master = await platform().master();
    const begin = Date.now();
    for (const name of platform().nodes) {
      await damage(name);
      const before = await startedAt(platform(), name);
      await faults().killContainerProcess(name);
      await restarted(platform(), name, before);
      await platform().healthy(Duration.seconds(120));
      expect(await run(name, 'ls /data/set-aside/*/appendonlydir')).toContain('manifest');
    }
    note(`${platform().nodes.length} nodes, the master ${master} among them, fixed in ${Date.now() - begin} ms`);
    await ledger.resumed();
    const { confirmed, lost } = await ledger.stop();
    note(`${confirmed} confirmed writes, ${lost.length} lost`);
    expect(lost).toEqual([]);
  },
  Duration.seconds(600),
);

it(
  'where the files of all nodes are damaged, start and status soon say what to do, which works',
  async () => {
    await platform().healthy();
    await write();
    const master = await platform().master();
    for (const name of platform().nodes) await damage(name);
    await faults().killForGood(...platform().nodes);
    await faults().start(...platform().nodes);
    const begin = Date.now();
    const start = await command(platform(), 'start');
    note(`start ended after ${Date.now() - begin} ms`);
    expect(start.exitCode).toBe(1);
    const status = await command(platform(), 'status');
    expect(status.exitCode).toBe(1);
    for (const { all } of [start, status]) expect(all).toContain(`${master} cannot start`);
    const said = new RegExp(`docker exec -it ${platform().containerName(master)} (redis-check-aof --fix [^\`\\s]+)`);
    const fix = said.exec(status.all)?.[1] ?? '';
    expect(fix).not.toBe('');
    await run(master, `yes | ${fix}`);
    // The master then starts by itself, and the others copy it.
    await platform().healthy(Duration.seconds(120));
    expect(await platform().master()).toBe(master);
  },
  Duration.seconds(600),
);
