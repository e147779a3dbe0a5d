import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { execa } from 'execa';
import type { Client } from '../../cli/clients/index.js';
import { archive } from '../../cli/images/build-context.js';
import { stateFolder } from '../../cli/bootstrap/paths.mjs';
import { Duration } from '../../constructs/core/units.js';
import type { Runtime } from './client-runtime.js';
import { eventually } from './eventually.js';
import type { Confirmed } from './ledger.js';
import type { Platform } from './platform.js';

/** The programs that write, and in the image of the same folder. */
const PROGRAMS = join('test', 'clients');
const IN_IMAGE = '/clients';
const CLASSES = '/tmp/classes';
/** A Java or Go program is compiled first. */
const FIRST_WITHIN = Duration.seconds(60);

/** What compiles a client's code with the program that uses it, and runs it. By the client's name. */
const COMMANDS: Readonly<Record<string, string>> = {
  'redis-py': 'exec /opt/python/bin/python redis-py.py "$1"',
  'go-redis': 'go build -o /tmp/writer . && exec /tmp/writer "$1"',
  jedis: java('JedisWriter'),
  'redis-rb': 'exec ruby redis-rb.rb "$1"',
};

function java(program: string): string {
  const small = '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx64m';
  return [
    `javac -cp '/opt/java/*' -d ${CLASSES} Client.java Loop.java ${program}.java`,
    `exec java ${small} -cp '/opt/java/*:${CLASSES}' ${program} "$1"`,
  ].join(' && ');
}

/** A program that writes through a client library, each write followed by WAIT, and says what was confirmed. */
export class ClientWriter {
  private readonly prefix = `client:${randomBytes(4).toString('hex')}:`;
  private readonly times: number[] = [];
  private readonly numbers: string[] = [];
  /** All that was not a confirmation, newest last. */
  private readonly other: string[] = [];
  private end: () => Promise<unknown> = () => Promise.resolve();

  private constructor(private readonly name: string) {}

  /**
   * Returns when a first write has been confirmed.
   * @param code a file that defines `connect`, as `npm run outputs -- --client` prints it
   */
  static async start(platform: Platform, client: Client, runtime: Runtime, code: string): Promise<ClientWriter> {
    const writer = new ClientWriter(client.name);
    try {
      if (runtime === 'node') writer.inNode(client, code);
      else if ('image' in runtime) await writer.inContainer(platform, client, code, runtime.image);
      else throw new Error(`${client.name} has nothing to run in: ${runtime.reason}`);
      await writer.resumed(0, FIRST_WITHIN);
      return writer;
    } catch (error) {
      await writer.stop();
      throw error;
    }
  }

  /** Returns when a write has been confirmed after this moment. */
  async resumed(after: number, within: Duration): Promise<void> {
    await eventually(
      () => {
        if ((this.times.at(-1) ?? 0) <= after) {
          throw new Error(`${this.name} confirmed nothing; it said:\n${this.other.slice(-10).join('\n')}`);
        }
      },
      { within, every: 20 },
    );
  }

  /** Ends the program. */
  async stop(): Promise<void> {
    await this.end();
  }

  get confirmed(): readonly Confirmed[] {
    return this.numbers.map((number) => ({ key: `${this.prefix}${number}`, value: number }));
  }
  /** Longest time between two confirmations, in seconds. */
  get outage(): number {
    return Math.max(...this.times.map((time, index) => time - (this.times[index - 1] ?? time))) / 1000;
  }
  /** What the library said of writes that were not confirmed, each once. */
  get refusals(): readonly string[] {
    return [...new Set(this.other.map((line) => line.replace(/^refused \d+ /, '')))];
  }

  private inNode({ name, file }: Client, code: string): void {
    const folder = mkdtempSync(join(stateFolder, 'client-'));
    for (const program of [`${name}.mjs`, 'loop.mjs']) copyFileSync(join(PROGRAMS, program), join(folder, program));
    writeFileSync(join(folder, file), code);
    // From the folder of the checkout, as the code reads passwords from there.
    const running = execa(process.execPath, [join(folder, `${name}.mjs`), this.prefix], { reject: false, all: true });
    this.listen(running.all);
    this.end = async () => {
      running.kill('SIGKILL');
      await running;
      rmSync(folder, { recursive: true, force: true });
    };
  }

  private async inContainer(platform: Platform, { name, file }: Client, code: string, image: string): Promise<void> {
    const container = await platform.docker.createContainer({
      Image: image,
      Cmd: ['sh', '-c', COMMANDS[name] ?? '', 'sh', this.prefix],
      WorkingDir: IN_IMAGE,
      Env: ['GOPROXY=off'],
      Labels: { 'redis-platform.test-helper': 'true' },
      // The ports are published on this machine's own address.
      HostConfig: { NetworkMode: 'host', CapDrop: ['ALL'] },
    });
    this.end = () => container.remove({ force: true, v: true });
    const { redis, sentinel } = platform.outputs.passwordFiles;
    const files = [redis, sentinel].map((path) => ({
      header: { name: path, mode: 0o400 },
      content: readFileSync(resolve(platform.context.project.folder, path)),
    }));
    const entries = [{ header: { name: basename(file), mode: 0o644 }, content: Buffer.from(code) }, ...files];
    await container.putArchive(await archive(entries), { path: IN_IMAGE });
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const lines = new PassThrough();
    platform.docker.modem.demuxStream(stream, lines, lines);
    this.listen(lines);
    await container.start();
  }

  private listen(output: NodeJS.ReadableStream): void {
    createInterface({ input: output }).on('line', (line) => {
      const number = /^confirmed (\d+)$/.exec(line)?.[1];
      if (number === undefined) this.other.push(line);
      else {
        this.numbers.push(number);
        this.times.push(Date.now());
      }
    });
  }
}
