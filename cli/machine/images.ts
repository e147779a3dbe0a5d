import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import { buildArgsOf, dockerfile, foundationsOf, imageTag, testImageTag } from '../../constructs/core/content-hash.js';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { buildBaseFromPackages } from './base-image.js';
import { buildContext } from './build-context.js';
import { findDocker } from './docker-cli.js';
import type { Engine } from './engine.js';
import { hostBuildArgs, hostCertificates } from './host-settings.js';
import { Gate } from './gate.js';
import { lastLines, runProgram } from './programs.mjs';
import type { ImagesFrom } from './registries.mjs';

const BASE_FOLDER = 'images/base';
/** The file that go-builder's Dockerfile copies; it is this machine's, so no part of the content hash. */
const CERTIFICATES = 'host-ca.crt';

/** The stage that holds an image's tests. */
const TESTS = 'test';

/** Sees what a build prints. */
export type OnLine = (line: string) => void;

/** Builds the images that the engine lacks, each once, with what they are built from before them. */
export class ImageBuilder {
  private readonly started = new Map<string, Promise<void>>();
  /** Downloads and compilers take turns at a processor well enough: one build more than there are processors. */
  private readonly gate = new Gate(availableParallelism() + 1);
  private present: Promise<Set<string>> | undefined;
  private args: Promise<Record<string, string>> | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly from: ImagesFrom,
    /** Ends all builds; the first one that fails does so. */
    private readonly abort = new AbortController(),
  ) {}

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
      } else await this.build(folder, tag, onLine);
    });
  }

  /** Builds the image with the folder's tests, the Dockerfile's stage `test`, and returns its tag. */
  async ensureTests(folder: string, onLine?: OnLine): Promise<string> {
    const tag = testImageTag(folder);
    await this.once(tag, () => this.build(folder, tag, onLine, TESTS));
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
      .listImages({ filters: { reference: ['redis-platform/*'] } })
      .then((images) => new Set(images.flatMap((image) => image.RepoTags ?? [])));
    return (await this.present).has(tag);
  }

  private async build(folder: string, tag: string, onLine?: OnLine, target?: string): Promise<void> {
    const foundations = Object.entries(foundationsOf(folder));
    onLine?.('waiting for the image that it is built from');
    await Promise.all(foundations.map(([, foundation]) => this.ensure(foundation)));
    const text = target === undefined ? withoutStage(dockerfile(folder), TESTS) : dockerfile(folder);
    const declared = buildArgsOf(text);
    const args = {
      ...(await this.hostArgs()),
      ...Object.fromEntries(foundations.map(([name, of]) => [name, imageTag(of)])),
    };
    const flags = Object.entries(args)
      .filter(([name]) => declared.has(name) || /_proxy$/i.test(name))
      .flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    if (target !== undefined) flags.push('--target', target);
    const context = await buildContext(folder, {
      Dockerfile: Buffer.from(text),
      ...(text.includes(CERTIFICATES) && { [CERTIFICATES]: await hostCertificates() }),
    });
    await this.gate.run(async () => {
      const build = execa(findDocker(), ['build', '--tag', tag, ...flags, '-'], {
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

  private hostArgs(): Promise<Record<string, string>> {
    return (this.args ??= hostBuildArgs());
  }
}

/**
 * Builds the images of the folders that the engine lacks, side by side.
 * @throws PlatformError if one fails
 */
export async function ensureImages(
  engine: Engine,
  folders: readonly string[],
  options: { readonly mode: ImagesFrom; readonly onProgress?: (folder: string, line: string) => void },
): Promise<void> {
  const builder = new ImageBuilder(engine, options.mode);
  const missing = await builder.missing(folders);
  await Promise.all(missing.map((folder) => builder.ensure(folder, (line) => options.onProgress?.(folder, line))));
}

/**
 * Builds the stage `test` of a folder's Dockerfile; running it prints the tests' results.
 * @returns its tag
 */
export function buildTestImage(
  engine: Engine,
  folder: string,
  options: { readonly mode: ImagesFrom; readonly onProgress?: OnLine },
): Promise<string> {
  return new ImageBuilder(engine, options.mode).ensureTests(folder, options.onProgress);
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

/** The old builder would run every stage above the last one, needed or not: compiling the tests takes minutes. */
export function withoutStage(text: string, stage: string): string {
  const stages = text.split(/^(?=FROM\s)/im);
  return stages.filter((part) => !new RegExp(`^FROM\\s.*\\sAS\\s+${stage}\\s*$`, 'im').test(part)).join('');
}

function buildError(folder: string, output: string | undefined): PlatformError {
  return new PlatformError({
    what: `the image of ${folder} could not be built; the end of its output:\n${lastLines(output ?? '')}\n`,
    fix:
      folder === BASE_FOLDER
        ? 'If no image registry answers, use --images=build.'
        : `Mend what the output complains about in ${folder} and run the command again; what was built before is kept.`,
  });
}
