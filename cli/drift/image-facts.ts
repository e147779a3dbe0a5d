import { asRecord, isOn, list, text, texts, type Values } from '../../policies/judge/values.js';
import { type Fact, set } from './facts.js';
import { pairs } from './readings.js';

/** What `docker image inspect` shows, as far as a container inherits it where its declaration says nothing. */
export interface ImageFacts {
  readonly Id: string;
  readonly Config?: unknown;
}

interface Inherits {
  readonly image: ImageFacts | undefined;
}

/** @returns undefined where only the image could tell, and there is none */
export function orImage(attribute: string, ofImage: string) {
  return (values: Values, { image }: Inherits): Fact | undefined =>
    text(values[attribute]) ?? (image && (text(configOf(image)[ofImage]) ?? ''));
}

/** Words of a command, in their order. */
function words(value: unknown): string {
  return list(value).map(String).join(' ');
}

export function entrypoint(values: Values, { image }: Inherits): Fact | undefined {
  return isOn(values['entrypoint']) ? words(values['entrypoint']) : image && words(configOf(image)['Entrypoint']);
}

/** Whoever declares an entrypoint does without the image's command. */
export function command(values: Values, { image }: Inherits): Fact | undefined {
  if (isOn(values['command']) || isOn(values['entrypoint'])) return words(values['command']);
  return image && words(configOf(image)['Cmd']);
}

export function environment(values: Values, { image }: Inherits): Fact | undefined {
  if (!image) return undefined;
  const own = texts(values['env']);
  const names = new Set(own.map(nameOf));
  return set([...own, ...texts(configOf(image)['Env']).filter((setting) => !names.has(nameOf(setting)))]);
}

export function labels(values: Values, { image }: Inherits): Fact | undefined {
  if (!image) return undefined;
  const own = list(values['labels']).map(asRecord);
  return pairs({
    ...asRecord(configOf(image)['Labels']),
    ...Object.fromEntries(own.map(({ label, value }) => [String(label), value])),
  });
}

/** Folders that get a volume without a name. */
export function volumePaths(image: ImageFacts | undefined): string[] {
  return image ? Object.keys(asRecord(configOf(image)['Volumes'])) : [];
}

export function configOf({ Config }: ImageFacts): Values {
  return asRecord(Config);
}

function nameOf(setting: string): string {
  return setting.split('=')[0] ?? '';
}
