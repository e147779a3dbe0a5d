import { type Engine, connectEngine } from './engine.js';
import { EngineError } from './engine-error.js';
import { type EngineRemedy, askFor, deedOf, engineRemedy, ensureEngine } from './engine-install.js';
import { ImageBuilder, type OnLine, ensurePulled, isPresent } from './images.js';
import { buildProviderInContainer } from './provider-container.js';
import { type BuiltProvider, ensureProvider, findBuiltProvider } from './provider.mjs';
import type { Sources } from './registries.mjs';
import { type Step, runSideBySide } from './side-by-side.js';
import { type Terraform, findTerraform } from './terraform.mjs';

/** What bootstrap.mjs began before this program could run. */
export interface Early {
  readonly provider?: Promise<BuiltProvider | undefined>;
  /** Ends it. */
  readonly abort?: AbortController;
}

export interface PrepareOptions {
  /** Folders of the images that are built here. */
  readonly folders: readonly string[];
  /** Images that registries hold, and where each is declared, for error messages. @default none */
  readonly references?: readonly { readonly reference: string; readonly declaredAt: string }[];
  /** Where images and the provider come from: see `chooseSources`. */
  readonly sources: Sources;
  readonly early?: Early;
  /** Whether an engine may be installed or started. @default true */
  readonly allowInstall?: boolean;
  /** Asks on the terminal before that. Leave it out where there is none. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/** A machine on which Terraform can deploy. */
export interface Machine {
  readonly engine: Engine;
  readonly terraform: Terraform;
  /** Where this machine built the provider itself. */
  readonly provider: BuiltProvider | undefined;
  /** What Terraform needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Makes the machine ready: engine, provider and images, side by side where they do not need each other. What is there is not touched, and
 * if all is, nothing is printed.
 * @throws PlatformError saying what is missing and how to get it
 */
export async function prepareMachine(options: PrepareOptions): Promise<Machine> {
  const [terraform, running] = await Promise.all([findTerraform(), findEngine()]);
  const work = new Preparation(options, terraform, await approve(running, options));
  if (!(await work.isDone())) await work.run();
  return work.result();
}

/** The engine that runs; where none does, one is started, or installed, after a question. */
export async function findOrStartEngine(options: Pick<PrepareOptions, 'allowInstall' | 'confirm'>): Promise<Engine> {
  const found = await approve(await findEngine(), options);
  if (typeof found !== 'string') return found;
  await runSideBySide([
    {
      title: engineTitle(found),
      run: async (onLine) => {
        await ensureEngine(found, onLine);
        return undefined;
      },
    },
  ]);
  return connectEngine();
}

function engineTitle(remedy: EngineRemedy): string {
  return `Docker engine: none runs here; ${deedOf(remedy)}`;
}

/** The engine that runs, or why none does. */
async function findEngine(): Promise<Engine | EngineError> {
  try {
    return await connectEngine();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}

/** Asks before anything is drawn: a question amid a moving task list could not be read. */
async function approve(
  found: Engine | EngineError,
  options: Pick<PrepareOptions, 'allowInstall' | 'confirm'>,
): Promise<Engine | EngineRemedy> {
  if (!(found instanceof EngineError)) return found;
  const remedy = options.allowInstall === false ? undefined : engineRemedy(found, options.confirm !== undefined);
  if (remedy === undefined) throw found;
  if (options.confirm !== undefined && !(await options.confirm(askFor(remedy)))) throw found;
  return remedy;
}

class Preparation {
  private provider: BuiltProvider | undefined;
  private readonly sources: Sources;
  private readonly remedy: EngineRemedy | undefined;
  private readonly abort: AbortController;
  private readonly engine: () => Promise<Engine>;
  private readonly builder: () => Promise<ImageBuilder>;
  private onEngineLine: OnLine | undefined;

  constructor(
    private readonly options: PrepareOptions,
    private readonly terraform: Terraform,
    engine: Engine | EngineRemedy,
  ) {
    this.abort = options.early?.abort ?? new AbortController();
    this.remedy = typeof engine === 'string' ? engine : undefined;
    this.engine = once(() =>
      typeof engine === 'string' ? ensureEngine(engine, (line) => this.onEngineLine?.(line)) : Promise.resolve(engine),
    );
    this.sources = options.sources;
    this.builder = once(async () => new ImageBuilder(await this.engine(), this.sources.images, { abort: this.abort }));
    this.provider = this.sources.provider === 'build' ? findBuiltProvider(terraform.platform) : undefined;
  }

  async isDone(): Promise<boolean> {
    if (this.remedy !== undefined || this.needsProvider) return false;
    return (await this.imageSteps()).length === 0;
  }

  /** Does what is missing, showing it. */
  async run(): Promise<void> {
    try {
      await runSideBySide([
        ...(this.remedy === undefined ? [] : [this.engineStep(this.remedy)]),
        ...(this.needsProvider ? [this.providerStep()] : []),
        { title: 'Images', run: () => this.imageSteps() },
      ]);
    } catch (error) {
      // Nothing goes on unseen.
      this.abort.abort();
      throw error;
    }
  }

  async result(): Promise<Machine> {
    const engine = await this.engine();
    return {
      engine,
      terraform: this.terraform,
      provider: this.provider,
      environment: {
        ...engine.environment,
        // Its check for updates would go out to the internet.
        CHECKPOINT_DISABLE: '1',
        ...(this.provider === undefined ? {} : { TF_CLI_CONFIG_FILE: this.provider.cliConfig }),
      },
    };
  }

  private engineStep(remedy: EngineRemedy): Step {
    return {
      title: engineTitle(remedy),
      run: async (onLine) => {
        this.onEngineLine = onLine;
        await this.engine();
        return undefined;
      },
    };
  }

  private providerStep(): Step {
    return {
      title: 'Terraform provider: build it from its Go module',
      run: async (onLine) => {
        this.provider = await this.buildProvider(onLine);
        return undefined;
      },
    };
  }

  /** Those of the images that the engine lacks. */
  private async imageSteps(): Promise<Step[]> {
    const [engine, builder] = [await this.engine(), await this.builder()];
    const references = this.options.references ?? [];
    const [folders, present] = await Promise.all([
      builder.missing(this.options.folders),
      Promise.all(references.map(({ reference }) => isPresent(engine, reference))),
    ]);
    const builds = folders.map((folder) => ({
      title: `build ${folder}`,
      run: (onLine: OnLine | undefined) => builder.ensure(folder, onLine).then(() => undefined),
    }));
    const pulls = references
      .filter((_, index) => present[index] === false)
      .map(({ reference, declaredAt }) => ({
        title: `pull ${reference}`,
        run: (onLine: OnLine | undefined) => ensurePulled(engine, reference, declaredAt, onLine).then(() => undefined),
      }));
    return [...builds, ...pulls];
  }

  private get needsProvider(): boolean {
    return this.sources.provider === 'build' && this.provider === undefined;
  }

  private async buildProvider(onLine: OnLine | undefined): Promise<BuiltProvider> {
    const { platform } = this.terraform;
    onLine?.('compiling it');
    const built =
      (await this.options.early?.provider) ?? (await ensureProvider(platform, { onLine, signal: this.abort.signal }));
    if (built !== undefined) return built;
    onLine?.('there is no Go here: waiting for the image go-builder');
    await (await this.builder()).ensure('images/go-builder');
    return buildProviderInContainer(await this.engine(), platform, onLine);
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
