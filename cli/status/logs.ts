import type Docker from 'dockerode';

/** The last lines of a container, both streams; one line that says so where they cannot be read. */
export async function lastLogLines(engine: Docker, container: string, count: number): Promise<string[]> {
  try {
    const logs = await engine.getContainer(container).logs({ stdout: true, stderr: true, tail: count });
    const lines = demultiplex(logs).split('\n');
    const kept = lines.filter((line) => line.trim() !== '').slice(-count);
    return kept.length > 0 ? kept : ['(it has printed nothing)'];
  } catch (error) {
    return [`(its log cannot be read: ${error instanceof Error ? error.message : String(error)})`];
  }
}

/** The engine puts 8 bytes before each piece: which stream, three zeros, and the length (Engine API, "attach to a container"). */
export function demultiplex(logs: Buffer): string {
  const HEADER = 8;
  const pieces: Buffer[] = [];
  for (let at = 0; at + HEADER <= logs.length;) {
    const length = logs.readUInt32BE(at + 4);
    pieces.push(logs.subarray(at + HEADER, at + HEADER + length));
    at += HEADER + length;
  }
  return Buffer.concat(pieces).toString('utf8');
}
