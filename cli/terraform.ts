import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { PlatformError } from '../constructs/core/platform-error.js';
import { providerSource, providerVersion } from '../constructs/core/provider-version.mjs';
import type { Context } from './context.js';
import { readProviderLock } from './lock/provider-lock.js';

/** How Terraform is run on this machine. */
export interface TerraformTools {
  readonly binary: string;
  /** Terraform's name for this machine, e.g. `linux_amd64`. */
  readonly platform: string;
  /** The provider that was built here, and the configuration by which Terraform finds it; none where a registry has it. */
  readonly provider?: { readonly binary: string; readonly cliConfig: string } | undefined;
  /** Address of the engine, as Docker's tools take it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Networks and containers wait for the engine most of the time, so they are handled side by side. */
const PARALLELISM = '-parallelism=64';

/** Terraform on the synthesized output of one deployment: the same output and state as `npx cdktf deploy`. */
export class Terraform {
  constructor(
    private readonly context: Context,
    private readonly tools: TerraformTools,
    private readonly onLine: (line: string) => void,
  ) {}

  /** Only where provider or Terraform changed: a warm `init` alone takes 0.65 s. */
  async init(): Promise<void> {
    const { stack } = this.context.paths;
    this.offerProvider();
    const marker = join(stack, '.terraform', 'initialized');
    const lock = join(stack, '.terraform.lock.hcl');
    // The committed one is about the registry's builds.
    const committed = this.tools.provider === undefined ? readProviderLock(this.context.project) : undefined;
    const wanted = createHash('sha256')
      .update(
        JSON.stringify([this.tools.binary, this.tools.provider?.binary ?? 'registry', providerVersion, committed]),
      )
      .digest('hex');
    if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted && existsSync(lock)) {
      return;
    }
    // Another provider build has other checksums: the lock of the previous one would refuse it.
    rmSync(lock, { force: true });
    if (committed !== undefined) writeFileSync(lock, committed);
    await this.run(['init', '-input=false', '-no-color', ...(committed === undefined ? [] : ['-lockfile=readonly'])]);
    writeFileSync(marker, wanted);
  }

  /** @returns whether there is anything to do, Terraform's own words for it, and `terraform show -json` of it */
  async plan(): Promise<{ changes: boolean; text: string; json: unknown }> {
    const file = join(this.context.paths.stack, 'plan.tfplan');
    try {
      const { exitCode, stdout } = await this.run(
        ['plan', '-input=false', '-no-color', '-detailed-exitcode', PARALLELISM, `-out=${file}`],
        { allowed: [0, 2] },
      );
      const shown = await this.run(['show', '-json', file], { quiet: true });
      // Nobody is to apply the file, which is gone in a moment.
      const text = stdout.replace(/\n[^\n]*\nSaved the plan to: [^]*$/, '');
      return { changes: exitCode === 2, text, json: JSON.parse(shown.stdout) };
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** What is to do, as `terraform show -json` has it: the documented format for programs. */
  async planJson(): Promise<string> {
    const file = join(this.context.paths.stack, 'review.tfplan');
    try {
      await this.run(['plan', '-input=false', '-no-color', `-out=${file}`, PARALLELISM]);
      const { stdout } = await this.run(['show', '-json', file]);
      return stdout;
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** @param refresh whether to look at the engine first; not needed where drift was ruled out already */
  async apply(refresh: boolean): Promise<void> {
    await this.run(['apply', '-input=false', '-no-color', '-auto-approve', PARALLELISM, `-refresh=${refresh}`]);
  }
  async destroy(): Promise<void> {
    await this.run(['destroy', '-input=false', '-no-color', '-auto-approve', PARALLELISM, '-refresh=false']);
  }
  async validate(): Promise<void> {
    await this.run(['validate', '-no-color']);
  }

  /** @param options which exit codes are no failure, and whether nobody wants to read along */
  private async run(
    args: readonly string[],
    { allowed = [0], quiet = false }: { allowed?: readonly number[]; quiet?: boolean } = {},
  ) {
    const subprocess = execa(this.tools.binary, args, {
      cwd: this.context.paths.stack,
      env: {
        ...this.tools.environment,
        ...(this.tools.provider && { TF_CLI_CONFIG_FILE: this.tools.provider.cliConfig }),
        TF_IN_AUTOMATION: '1',
        CHECKPOINT_DISABLE: '1',
        // Fewer collections: 0.73 of the time, measured over whole runs.
        GOGC: '400',
      },
      reject: false,
      all: true,
    });
    // Interrupting is Terraform's to handle: it writes its state before it ends.
    for await (const line of subprocess.iterable({ from: 'all' })) if (!quiet) this.onLine(line);
    const result = await subprocess;
    if (!allowed.includes(result.exitCode ?? -1)) throw explain(args[0] ?? '', result.all);
    return { exitCode: result.exitCode, stdout: result.stdout };
  }

  /** Where `npx cdktf deploy`, which knows nothing of our configuration, finds a provider that was built here. */
  private offerProvider(): void {
    const { provider, platform } = this.tools;
    if (!provider) return;
    const file = provider.binary.split(/[\\/]/).at(-1) ?? '';
    const place = join(
      this.context.paths.stack,
      'terraform.d',
      'plugins',
      'registry.terraform.io',
      ...providerSource.split('/'),
      providerVersion,
      platform,
      file,
    );
    if (existsSync(place)) return;
    mkdirSync(dirname(place), { recursive: true });
    try {
      linkSync(provider.binary, place);
    } catch {
      // Another drive or file system: a copy does as well.
      copyFileSync(provider.binary, place);
    }
  }
}

function explain(command: string, output: string): PlatformError {
  const errors = output
    .split('\n')
    // Terraform quotes whole source lines, and a configuration file is one line of JSON.
    .map((line) => line.replace(/^[│╷╵]\s?/, '').replace(/^(.{160}).+$/, '$1...'))
    .filter((line) => line.trim() !== '');
  const start = errors.findIndex((line) => line.startsWith('Error:'));
  const text = errors.slice(start === -1 ? -15 : start).join('\n');
  return new PlatformError({
    what: `terraform ${command} failed`,
    got: `\n${text}\n`,
    fix: 'Mend what it names and run the command again: what was done is kept, the rest is repaired.',
  });
}
