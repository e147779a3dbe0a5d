import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import {
  BUILT_HERE,
  type Foundation,
  foundationsOf,
  imageTag,
  testImageTag,
} from '../../constructs/core/content-hash.js';
import { dockerfile, TESTS, withoutTests } from '../../constructs/core/dockerfile.js';
import type { BuildOf } from '../../constructs/core/image-context.js';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { buildBaseFromPackages } from './base-image.js';
import { buildContext } from './build-context.js';
import { findDocker } from '../engine/docker-cli.js';
import { declaredArguments, earlyStages, withImages } from './dockerfile-stages.js';
import type { Engine } from '../engine/engine.js';
import { hostCertificates, type HostSettings, hostSettings } from './host-settings.js';
import { Gate } from './gate.js';
import { mirroredImage, type Mirrors, readMirrors } from '../bootstrap/mirrors.mjs';
import { lastLines, runProgram } from '../bootstrap/programs.mjs';
import type { ImagesFrom } from '../bootstrap/registries.mjs';

const BASE_FOLDER = 'images/base';
/** The file that go-builder's Dockerfile copies; it is this machine's, so no part of the content hash. */
const CERTIFICATES = 'host-ca.crt';

/** Sees what a build prints. */
export type OnLine = (line: string) => void;

export interface BuilderOptions {
  /** Ends all builds; the first one that fails does so. */
  readonly abort?: AbortController;
  /** @default those of the site */
  readonly mirrors?: Mirrors;
}

/** Builds the images that the engine lacks, each once, with what they are built from before them. */
export class ImageBuilder {
  private readonly abort: AbortController;
  private readonly mirrors: Mirrors;
  private readonly started = new Map<string, Promise<void>>();
  /** Downloads and compilers take turns at a processor well enough: one build more than there are processors. */
  private readonly gate = new Gate(availableParallelism() + 1);
  private present: Promise<Set<string>> | undefined;
  private settings: Promise<HostSettings> | undefined;
  private buildHelp: Promise<string> | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly from: ImagesFrom,
    { abort = new AbortController(), mirrors = readMirrors() }: BuilderOptions = {},
  ) {
    this.abort = abort;
    this.mirrors = mirrors;
    // Each build listens; Node takes more than ten for a leak.
    setMaxListeners(0, abort.signal);
  }

  /** The folders whose images the engine lacks, together with what those are built from, foundations first. */
  async missing(folders: readonly string[]): Promise<string[]> {
    const found = new Set<string>();
    const visit = async (folder: string): Promise<void> => {
      if (await this.has(imageTag(folder))) return;
      for (const foundation of Object.values(foundationsOf(folder))) await visit(foundation);
      found.add(folder);
    };
    for (const folder of folders) await visit(folder);
    return [...found];
  }

  /**
   * Builds the folder's image unless the engine has it.
   * @throws PlatformError with the end of the build's output; other builds are then given up too
   */
  async ensure(folder: string, onLine?: OnLine): Promise<void> {
    await this.once(imageTag(folder), async (tag) => {
      if (folder === BASE_FOLDER && this.from === 'build') {
        await this.gate.run(() => buildBaseFromPackages(this.engine, folder, onLine));
      } else await this.build(folder, 'image', tag, onLine);
    });
  }

  /** Builds the image that runs the folder's tests, the Dockerfile's stage `test`, and returns its tag. */
  async ensureTests(folder: string, onLine?: OnLine): Promise<string> {
    const tag = testImageTag(folder);
    await this.once(tag, () => this.build(folder, 'tests', tag, onLine));
    return tag;
  }

  private once(tag: string, make: (tag: string) => Promise<void>): Promise<void> {
    const started = this.started.get(tag) ?? this.unlessPresent(tag, make);
    this.started.set(tag, started);
    return started;
  }

  private async unlessPresent(tag: string, make: (tag: string) => Promise<void>): Promise<void> {
    if (await this.has(tag)) return;
    try {
      await make(tag);
    } catch (error) {
      this.abort.abort();
      throw error;
    }
  }

  private async has(tag: string): Promise<boolean> {
    this.present ??= this.engine.docker
      .listImages({ filters: { reference: [`${BUILT_HERE}/*`] } })
      .then((images) => new Set(images.flatMap((image) => image.RepoTags ?? [])));
    return (await this.present).has(tag);
  }

  private async build(folder: string, of: BuildOf, tag: string, onLine?: OnLine): Promise<void> {
    const text = of === 'image' ? withoutTests(dockerfile(folder)) : dockerfile(folder);
    const foundations = foundationsOf(folder);
    const ensureAll = (of: readonly (string | undefined)[]) =>
      Promise.all(of.flatMap((foundation) => (foundation === undefined ? [] : [this.ensure(foundation)])));
    onLine?.('waiting for the image that it is built from');
    // The last build finds these stages in the engine's cache.
    const early = new Map<string, Promise<void>>();
    for (const stage of earlyStages(text)) {
      const before = stage.after.map((name) => early.get(name));
      const build = async (): Promise<void> => {
        await Promise.all([...before, ensureAll(stage.images.map((name) => foundations[name as Foundation]))]);
        await this.runBuild(folder, of, stage.text, ['--target', stage.name, ...(await this.cacheOnly())], onLine);
      };
      early.set(stage.name, build());
    }
    await Promise.all([ensureAll(Object.values(foundations)), ...early.values()]);
    const target = of === 'image' ? [] : ['--target', TESTS];
    await this.runBuild(folder, of, text, ['--tag', tag, ...target], onLine);
  }

  private async runBuild(
    folder: string,
    of: BuildOf,
    text: string,
    options: readonly string[],
    onLine?: OnLine,
  ): Promise<void> {
    const images = Object.entries(foundationsOf(folder)).map(([name, of]) => [name, imageTag(of)]);
    const { args: own, network } = await this.hostSettings();
    const args = { ...own, ...(Object.fromEntries(images) as Record<string, string>) };
    const flags = declaredArguments(text, args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    if (network !== undefined) flags.push('--network', network);
    const context = await buildContext(folder, of, {
      Dockerfile: Buffer.from(withImages(text, (reference) => mirroredImage(reference, this.mirrors))),
      ...(text.includes(CERTIFICATES) && { [CERTIFICATES]: await hostCertificates() }),
    });
    await this.gate.run(async () => {
      const build = execa(findDocker(), ['build', ...options, ...flags, '-'], {
        input: context,
        all: true,
        reject: false,
        cancelSignal: this.abort.signal,
        // With DOCKER_HOST set, `default` is the builder inside the engine: another one would not see the images built before.
        env: { ...this.engine.environment, BUILDX_BUILDER: 'default', BUILDKIT_PROGRESS: 'plain' },
      });
      if (onLine !== undefined)
        for await (const line of build.iterable({ from: 'all' })) if (line.trim() !== '') onLine(line);
      const { failed, all } = await build;
      if (failed) throw buildError(folder, all);
    });
  }

  /** BuildKit would else pack a stage as an image that nobody names; the old builder, which has no such flag, has no such step. */
  private async cacheOnly(): Promise<string[]> {
    this.buildHelp ??= runProgram(findDocker(), ['build', '--help'], { env: { ...this.engine.environment } });
    return (await this.buildHelp).includes('--output') ? ['--output', 'type=cacheonly'] : [];
  }

  private hostSettings(): Promise<HostSettings> {
    return (this.settings ??= hostSettings(this.engine, this.mirrors));
  }
}

/**
 * Pulls an image unless the engine has it.
 * @param declaredAt where it is named, for the error message
 * @throws PlatformError if there is no such image or no registry answers
 */
export async function ensurePulled(
  engine: Engine,
  reference: string,
  declaredAt: string,
  onLine?: OnLine,
): Promise<void> {
  if (!(await isPresent(engine, reference))) await pullImage(engine, reference, declaredAt, onLine);
}

/**
 * Pulls an image, also if the engine has one of that name.
 * @param declaredAt where it is named, for the error message
 * @throws PlatformError if there is no such image or no registry answers
 */
export async function pullImage(engine: Engine, reference: string, declaredAt: string, onLine?: OnLine): Promise<void> {
  try {
    await runProgram(findDocker(), ['pull', reference], { env: { ...engine.environment }, onLine });
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const refused = /not found|manifest unknown|access denied|unauthorized|does not exist/i.test(said);
    throw new PlatformError(
      {
        what: refused
          ? `the image of ${declaredAt} does not exist, or its registry wants a login`
          : `the image of ${declaredAt} could not be pulled (${lastLines(said, 1)})`,
        got: reference,
        fix: refused
          ? 'Check its name and tag, or run `docker login` for its registry.'
          : 'Check that its registry answers, load it by hand with `docker load`, or build it with ContainerImage.fromDirectory().',
      },
      { cause },
    );
  }
}

/** Whether the engine has an image. */
export async function isPresent(engine: Engine, reference: string): Promise<boolean> {
  try {
    await engine.docker.getImage(reference).inspect();
    return true;
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return false;
    throw error;
  }
}

function buildError(folder: string, output: string | undefined): PlatformError {
  return new PlatformError({
    what: `the image of ${folder} could not be built; the end of its output:\n${lastLines(output ?? '')}\n`,
    fix:
      folder === BASE_FOLDER
        ? 'If no image registry answers, use --images=build.'
        : `Fix what the output complains about in ${folder} and run the command again; what was built before is kept.`,
  });
}
