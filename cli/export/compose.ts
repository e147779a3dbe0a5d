import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { secretsIn } from '../../constructs/core/secret.js';
import { sourcesOf } from '../../constructs/runtime/compose/files.js';
import { renderCompose } from '../../constructs/runtime/compose/render.js';
import type { Workload } from '../../constructs/runtime/workload.js';
import type { FileToWrite } from './written-files.js';

/** Of a folder beside a Compose file, which is complete without anything else. */
export const RECORD = 'written.json';

/** The folder beside a Compose file. Named after all of it: `a.yaml` and `a.yml` have one each. */
export function folderBeside(output: string): string {
  return `${basename(output)}.files`;
}

/** The secrets that the workload's files refer to. */
export function secretsOf({ services }: Workload): string[] {
  return [...new Set(services.flatMap(({ files }) => files.flatMap(({ text }) => secretsIn(text))))].sort();
}

/**
 * The Compose file and all that it refers to, by paths from its folder on.
 * @param fill puts values of secrets into a text
 */
export function composeExport(workload: Workload, output: string, fill: (text: string) => string): FileToWrite[] {
  const folder = folderBeside(output);
  const services = workload.services.filter(({ files }) => files.length > 0);
  const files = services.map((service) => ({
    name: service.name,
    sources: sourcesOf(service).map(({ file, path }) => ({ ...file, beside: path, text: fill(file.text) })),
  }));
  const fingerprints = Object.fromEntries(files.map(({ name, sources }) => [name, fingerprint(sources)]));
  return [
    {
      path: basename(output),
      text: renderCompose(workload, { folder: `./${folder}`, fingerprints }, commentOn(workload, folder)),
      secret: false,
    },
    // Passwords are among them.
    { path: `${folder}/.gitignore`, text: '*\n', secret: false },
    ...files.flatMap(({ sources }) =>
      sources.map(({ beside, text, secret }) => ({ path: `${folder}/${beside}`, text, secret })),
    ),
  ];
}

function commentOn({ deployment }: Workload, folder: string): string[] {
  return [
    `The deployment ${deployment}, written by \`npm run export -- --to compose\`: run that again instead of editing this.`,
    `It needs the folder ${folder} beside it, which holds passwords. Images of redis-platform.invalid are built by`,
    '`npm run prepare-machine`. Then: docker compose --file FILE up --detach --wait',
  ];
}

function fingerprint(
  files: readonly { readonly path: string; readonly mode: string; readonly text: string }[],
): string {
  const all = files.map(({ path, mode, text }) => [path, mode, text]);
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
}
