import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { providerVersion } from '../../constructs/core/provider-version.mjs';
import { writeWhole } from '../../constructs/core/whole-file.mjs';
import { processEnv } from '../../environments/process-env.js';
import type { Context } from '../context.js';
import { readProviderLock } from './provider-lock.js';
import { withLock } from '../bootstrap/lock.mjs';
import { downloadedProviders, terraformEnvironment } from '../bootstrap/terraform.mjs';
import { holdBack, nameEngine, offerProvider } from './stack-folder.js';
import { copyState } from './state-copy.js';
import { runTerraform } from './process.js';

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
    const { provider, platform, environment } = this.tools;
    if (provider) offerProvider(stack, provider.binary, platform);
    nameEngine(stack, environment);
    // What `npx cdktf` was held back by is fixed by now.
    holdBack(stack, []);
    const marker = join(stack, '.terraform', 'initialized');
    const lock = join(stack, '.terraform.lock.hcl');
    // The committed one is about the registry's builds.
    const committed = this.tools.provider === undefined ? readProviderLock(this.context.project.folder) : undefined;
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
    if (committed !== undefined) writeWhole(lock, committed);
    const init = ['init', '-input=false', '-no-color', ...(committed === undefined ? [] : ['-lockfile=readonly'])];
    const cache = this.tools.provider === undefined ? downloadedProviders(processEnv) : undefined;
    if (cache === undefined) await this.run(init);
    // Terraform does not expect another one to fill the cache at the same time.
    else await withLock(join(cache, 'lock'), () => this.run(init, { env: { TF_PLUGIN_CACHE_DIR: cache } }));
    writeWhole(marker, wanted);
  }

  /**
   * @param refresh whether to look at the engine first
   * @param replace addresses of what is to be made anew though Terraform sees no reason
   * @returns whether there is anything to do, Terraform's own words for it, and `terraform show -json` of it
   */
  async plan(
    refresh = true,
    replace: readonly string[] = [],
  ): Promise<{ changes: boolean; text: string; json: unknown }> {
    const file = join(this.context.paths.stack, 'plan.tfplan');
    try {
      const { exitCode, stdout } = await this.run(
        [
          'plan',
          '-input=false',
          '-no-color',
          '-detailed-exitcode',
          PARALLELISM,
          `-refresh=${refresh}`,
          `-out=${file}`,
          ...replacing(replace),
        ],
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

  /**
   * @param refresh whether to look at the engine first; not needed where drift was ruled out already
   * @param replace addresses of what is to be made anew though Terraform sees no reason
   */
  async apply(refresh: boolean, replace: readonly string[] = []): Promise<void> {
    await this.runApply([`-refresh=${refresh}`, ...replacing(replace)]);
  }
  /**
   * Without a look at the engine.
   * @param targets addresses: only these, and what they need
   * @param replace as of `apply`
   */
  async applyOnly(targets: readonly string[], replace: readonly string[] = []): Promise<void> {
    const only = targets.map((address) => `-target=${address}`);
    await this.runApply(['-refresh=false', ...only, ...replacing(replace)]);
  }
  private async runApply(options: readonly string[]): Promise<void> {
    copyState(this.context.paths.state);
    await this.run(['apply', '-input=false', '-no-color', '-auto-approve', PARALLELISM, ...options]);
  }
  /** Records what is on the engine, changing nothing there. */
  async refresh(): Promise<void> {
    copyState(this.context.paths.state);
    await this.run(['apply', '-input=false', '-no-color', '-auto-approve', PARALLELISM, '-refresh-only']);
  }

  async validate(): Promise<void> {
    await this.run(['validate', '-no-color']);
  }

  /** @param options which exit codes are no failure, whether nobody wants to read along, and variables for this run alone */
  private async run(
    args: readonly string[],
    {
      allowed = [0],
      quiet = false,
      env = {},
    }: { allowed?: readonly number[]; quiet?: boolean; env?: Readonly<Record<string, string>> } = {},
  ) {
    const { exitCode, stdout, output } = await runTerraform(this.tools.binary, {
      args,
      cwd: this.context.paths.stack,
      folder: this.context.paths.folder,
      env: {
        ...terraformEnvironment(processEnv),
        ...this.tools.environment,
        ...(this.tools.provider && { TF_CLI_CONFIG_FILE: this.tools.provider.cliConfig }),
        // Fewer collections: 0.73 of the time, measured over whole runs.
        GOGC: '400',
        ...env,
      },
      onLine: quiet ? undefined : this.onLine,
    });
    if (!allowed.includes(exitCode)) throw explain(args[0] ?? '', output);
    return { exitCode, stdout };
  }
}

function replacing(addresses: readonly string[]): string[] {
  return addresses.map((address) => `-replace=${address}`);
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
    fix: 'Fix what it names and run the command again: what was done is kept, the rest is repaired.',
  });
}
