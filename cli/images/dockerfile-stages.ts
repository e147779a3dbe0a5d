import { buildArgsOf, parseStages, type Stage } from '../../constructs/core/dockerfile.js';
import { baseImagesOf } from './declared-images.js';

/** A stage that can be built before everything that its Dockerfile is built from is there. */
export interface EarlyStage {
  readonly name: string;
  /** A Dockerfile of its own, with what the stage is built from and nothing else. */
  readonly text: string;
  /** The build arguments that name images in it: `BASE`. */
  readonly images: readonly string[];
  /** Names of the early stages among what it is built from. At the same time as it, the old builder would run them twice. */
  readonly after: readonly string[];
}

/** The stages that do work, can be named, and need fewer images than the whole. */
export function earlyStages(text: string): EarlyStage[] {
  const { head, stages } = parseStages(text);
  const all = imagesOf(stages);
  const early: EarlyStage[] = [];
  for (const { name, text: own } of stages) {
    if (name === undefined || !/^\s*(?:RUN|COPY|ADD)\s/im.test(own)) continue;
    const needed = closure(stages, name);
    const images = imagesOf(needed);
    if (images.length >= all.length || needed.some(copiesDockerfile)) continue;
    const after = early.map((one) => one.name).filter((one) => needed.some((stage) => stage.name === one));
    early.push({ name, images, after, text: head + needed.map((stage) => stage.text).join('') });
  }
  return early;
}

/** The stage with all that it is built from, in the order of the Dockerfile. */
function closure(stages: readonly Stage[], name: string): Stage[] {
  const found = new Set<string>([name]);
  for (const stage of stages.toReversed()) {
    if (stage.name !== undefined && found.has(stage.name)) stage.sources.forEach((source) => found.add(source));
  }
  return stages.filter((stage) => stage.name !== undefined && found.has(stage.name));
}

/** What such a stage holds depends on the Dockerfile, which is another one when the stage is built alone. */
function copiesDockerfile({ text }: Stage): boolean {
  return [...text.matchAll(/^\s*(?:COPY|ADD)\s+(.*)/gim)].some(([, rest = '']) =>
    rest
      .split(/[\s",[\]]+/)
      .filter((word) => word !== '' && !word.startsWith('--'))
      .slice(0, -1)
      .some((source) => /^(?:\.?\/?|(?:\.?\/)?(?:[^/]*\*|Dockerfile))$/.test(source) && !source.includes('*.')),
  );
}

/** The arguments that name what stages begin with. */
function imagesOf(stages: readonly Stage[]): string[] {
  const named = stages.flatMap(({ sources }) => sources.flatMap((source) => /^\$\{?(\w+)\}?$/.exec(source)?.[1] ?? []));
  return [...new Set(named)].sort();
}

/** Those of the arguments that a Dockerfile declares. Proxies need no declaration. */
export function declaredArguments(
  text: string,
  args: Readonly<Record<string, string>>,
): (readonly [name: string, value: string])[] {
  const declared = buildArgsOf(text);
  return Object.entries(args).filter(([name]) => declared.has(name) || /_proxy$/i.test(name));
}

/** The Dockerfile with other images in the places of those that it is built from. */
export function withImages(text: string, replace: (reference: string) => string): string {
  const bases = new Set(baseImagesOf(text));
  return text.replaceAll(/^(\s*FROM\s+(?:--\S+\s+)*)(\S+)/gim, (all: string, before: string, base: string) =>
    bases.has(base) ? before + replace(base) : all,
  );
}
