import { connect } from 'node:net';
import { Duration } from '../../constructs/core/units.js';

/** An answer as it came, bodies of chunks included. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; several of one name are joined with commas. */
  readonly headers: Readonly<Partial<Record<string, string>>>;
  readonly body: string;
}

/**
 * Sends bytes as they are, which no HTTP client would, and reads an answer: of the length that it says, else until the server
 * closes, so say `Connection: close`. HAProxy 3.0 closes one in a hundred connections whose body it only drained no sooner than
 * after its `timeout client`.
 * @throws Error if there is no answer, or the connection breaks before it is whole
 */
export async function sendRaw(url: string, text: string, within: Duration = Duration.seconds(20)): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const received = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(within.toMilliseconds(), () => {
      const so = `${socket.bytesWritten} of ${text.length} bytes sent, ${Buffer.concat(chunks).length} received`;
      socket.destroy(new Error(`silence for ${String(within)}: ${so}, since ${text.slice(0, 60)}`));
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks).toString('latin1'))) socket.destroy();
    });
    socket.on('end', () => socket.end());
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(Buffer.concat(chunks));
    });
  });
  return parse(received.toString('latin1'));
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  const length = /^content-length: *(\d+)\r$/im.exec(answer.slice(0, end + 2))?.[1];
  return end >= 0 && length !== undefined && answer.length >= end + 4 + Number(length);
}

function parse(answer: string): RawAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [first = '', ...lines] = answer.slice(0, end).split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
  if (end < 0 || status === undefined) throw new Error(`no HTTP answer: ${JSON.stringify(answer.slice(0, 200))}`);
  const headers: Partial<Record<string, string>> = {};
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    const before = headers[name.toLowerCase()];
    headers[name.toLowerCase()] = before === undefined ? value : `${before},${value}`;
  }
  return { status: Number(status), headers, body: answer.slice(end + 4) };
}
