import type Docker from 'dockerode';
import { demultiplex } from '../status/logs.js';

/**
 * Runs a command in a container that runs.
 * @param input for standard input, which stays open: not every engine's connection can be closed on one side only
 */
export async function runInContainer(
  docker: Docker,
  container: string,
  command: readonly string[],
  input = '',
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const exec = await docker
    .getContainer(container)
    .exec({ Cmd: [...command], AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  if (input !== '') stream.write(input);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  stream.destroy();
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode ?? 1, output: demultiplex(Buffer.concat(chunks)) };
}
