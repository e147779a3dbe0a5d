import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';

/** Writes for as long as somebody reads, and says on stderr how it ended. */
const PROGRAM = `
  const { handleInterruptions, unlessInterrupted } = await import(${JSON.stringify(
    pathToFileURL(resolve('cli/bootstrap/interruption.mjs')).href,
  )});
  handleInterruptions();
  const writing = setInterval(() => process.stdout.write('x'.repeat(65536)), 5);
  try {
    await unlessInterrupted(new Promise(() => {}));
  } catch (error) {
    console.error('ended with ' + error.exitCode);
  }
  clearInterval(writing);
`;

test('a command whose reader goes away, as `head` does after its lines, unwinds as after a closed terminal', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exited = once(child, 'close');
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await exited;
  expect(said).toBe('ended with 129\n');
}, 120_000);
