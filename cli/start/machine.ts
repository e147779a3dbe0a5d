import { type Engine } from '../engine/engine.js';
import { type EngineRemedy, ensureEngine } from '../engine/install.js';
import { approve, engineTitle, findEngine, type FindEngineOptions } from '../engine/find-or-start.js';
import { ensurePulled, ImageBuilder, isPresent } from '../images/image-builder.js';
import { buildProviderInContainer } from '../terraform/provider-container.js';
import { type BuiltProvider, ensureProvider, findBuiltProvider } from '../bootstrap/provider.mjs';
import type { Sources } from '../bootstrap/registries.mjs';
import { findTerraform, type Terraform } from '../bootstrap/terraform.mjs';
import type { Early } from '../session/session.js';
import { runTogether, type Say, type Step } from '../terminal/steps.js';

/** What a machine must have before something can be deployed. */
export interface MachineNeeds extends FindEngineOptions {
  /** Folders of the images that are built here. */
  readonly folders: readonly string[];
  /** Images that registries hold, and where each is declared, for error messages. @default none */
  readonly references?: readonly { readonly reference: string; readonly declaredAt: string }[];
  /** Where images and the provider come from: see `chooseSources`. */
  readonly sources: Sources;
  readonly early?: Early;
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
export async function readyMachine(needs: MachineNeeds): Promise<Machine> {
  const [terraform, running] = await Promise.all([findTerraform(), findEngine()]);
  const work = new Preparation(needs, terraform, await approve(running, needs));
  if (!(await work.isDone())) await work.run();
  return work.result();
}

class Preparation {
  private provider: BuiltProvider | undefined;
  private readonly sources: Sources;
  private readonly remedy: EngineRemedy | undefined;
  private readonly abort: AbortController;
  private readonly engine: () => Promise<Engine>;
  private readonly builder: () => Promise<ImageBuilder>;
  private onEngineLine: Say | undefined;

  constructor(
    private readonly needs: MachineNeeds,
    private readonly terraform: Terraform,
    engine: Engine | EngineRemedy,
  ) {
    this.abort = needs.early?.abort ?? new AbortController();
    this.remedy = typeof engine === 'string' ? engine : undefined;
    this.engine = once(() =>
      typeof engine === 'string' ? ensureEngine(engine, (line) => this.onEngineLine?.(line)) : Promise.resolve(engine),
    );
    this.sources = needs.sources;
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
      await runTogether([
        ...(this.remedy === undefined ? [] : [this.engineStep(this.remedy)]),
        ...(this.needsProvider ? [this.providerStep()] : []),
        { title: 'Images', steps: () => this.imageSteps() },
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
      run: async (say) => {
        this.onEngineLine = say;
        await this.engine();
      },
    };
  }

  private providerStep(): Step {
    return {
      title: 'Terraform provider: build it from its Go module',
      run: async (say) => {
        this.provider = await this.buildProvider(say);
      },
    };
  }

  /** Those of the images that are not on the engine. */
  private async imageSteps(): Promise<Step[]> {
    const [engine, builder] = [await this.engine(), await this.builder()];
    const references = this.needs.references ?? [];
    const [folders, present] = await Promise.all([
      builder.missing(this.needs.folders),
      Promise.all(references.map(({ reference }) => isPresent(engine, reference))),
    ]);
    const builds = folders.map((folder) => ({
      title: `build ${folder}`,
      run: (say: Say) => builder.ensure(folder, say),
    }));
    const pulls = references
      .filter((_, index) => present[index] === false)
      .map(({ reference, declaredAt }) => ({
        title: `pull ${reference}`,
        run: (say: Say) => ensurePulled(engine, reference, declaredAt, say),
      }));
    return [...builds, ...pulls];
  }

  private get needsProvider(): boolean {
    return this.sources.provider === 'build' && this.provider === undefined;
  }

  private async buildProvider(say: Say): Promise<BuiltProvider> {
    const { platform } = this.terraform;
    say('compiling it');
    const built =
      (await this.needs.early?.provider) ??
      (await ensureProvider(platform, { onLine: say, signal: this.abort.signal }));
    if (built !== undefined) return built;
    say('there is no Go here: waiting for the image go-builder');
    await (await this.builder()).ensure('images/go-builder');
    return buildProviderInContainer(await this.engine(), platform, say);
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
