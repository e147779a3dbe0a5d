import { dirname, join, resolve } from 'node:path';
import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import { composeProblems } from '../../constructs/runtime/compose/files.js';
import { undeclared } from '../../constructs/runtime/docker/undeclared.js';
import type { Workload } from '../../constructs/runtime/workload.js';
import { readSite, type Site } from '../../environments/site.js';
import { EXPORTS, type ExportTarget } from '../terminal/choices.js';
import type { Context } from '../context.js';
import { sayNote } from '../terminal/note.js';
import { composeExport, folderBeside, RECORD, secretsOf } from '../export/compose.js';
import { writeFiles } from '../export/written-files.js';
import { secretFiller } from '../deployment/secrets.js';
import { declare } from '../synth/declare.js';

export interface ExportOptions {
  /** What reads it. */
  readonly to?: string | undefined;
  readonly output?: string | undefined;
  /** Replace files that somebody else wrote or changed. @default false */
  readonly force?: boolean | undefined;
  /** Say in JSON what was written. @default false */
  readonly json?: boolean | undefined;
}

/** What was written, as `--json` prints it. */
export interface ExportReport {
  readonly deployment: string;
  readonly to: ExportTarget;
  readonly file: string;
  /** With what the file refers to. */
  readonly folder: string;
  readonly containers: readonly string[];
  readonly published: readonly { readonly name: string; readonly address: string; readonly hostPort: number }[];
  readonly images: {
    /** By `npm run prepare-machine`, on this machine alone. */
    readonly builtHere: readonly string[];
    readonly fromRegistries: readonly string[];
  };
}

/**
 * Writes the deployment for another tool than Terraform: same containers, networks, addresses, ports and passwords. Needs no engine.
 * @returns the exit code
 * @throws PlatformError with all that is wrong with the options, or with all that the tool cannot be told
 */
export async function exportCommand(context: Context, options: ExportOptions): Promise<number> {
  const site = readSite(context.project.folder);
  const { to, output } = checked(context, options, site);
  const { project, environment, instance } = context;
  const { workload, program } = await declare(project, { environment, instance, site, onNote: sayNote });
  const problems = [...composeProblems(workload), ...undeclared(workload, program)];
  if (problems.length > 0) throw PlatformError.all(problems);
  const fill = secretFiller(secretsOf(workload), context.paths);
  const files = composeExport(workload, output, fill);
  const folder = join(dirname(output), folderBeside(output));
  writeFiles(dirname(resolve(output)), files, {
    record: `${folderBeside(output)}/${RECORD}`,
    force: options.force ?? false,
  });
  const report = reportOf(workload, to, output, folder);
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
  return 0;
}

function checked(
  { name, instance }: Context,
  { to, output }: ExportOptions,
  site: Site,
): { readonly to: ExportTarget; readonly output: string } {
  const target = EXPORTS.find((one) => one === to);
  const problems: Problem[] = [];
  if (target === undefined) {
    problems.push({
      what: '--to names nothing that can be exported to',
      got: to ?? 'nothing',
      allowed: EXPORTS.join(', '),
      fix: `Write e.g. --to ${EXPORTS[0]}.`,
    });
  }
  if (!output) {
    problems.push({
      what: '--output names no file',
      got: output ?? 'nothing',
      allowed: 'a file; a folder with what it refers to is made beside it',
      fix: 'Write e.g. --output platform.yaml.',
    });
  }
  if (instance !== undefined && site.deployments[name] === undefined) {
    problems.push({
      what: `the instance ${instance} has no addresses and ports of its own yet`,
      got: name,
      allowed: 'an instance that this machine is prepared for',
      fix: `Run \`npm run prepare-machine -- --instance ${instance}\` first, for the same environment.`,
    });
  }
  if (target === undefined || !output || problems.length > 0) throw PlatformError.all(problems);
  return { to: target, output };
}

function reportOf(workload: Workload, to: ExportTarget, file: string, folder: string): ExportReport {
  const { services, seederImage } = workload;
  const images = [seederImage, ...services.map(({ image }) => image)];
  const references = (here: boolean) => [
    ...new Set(images.flatMap(({ reference, builtHere }) => (builtHere === here ? [reference] : []))),
  ];
  return {
    deployment: workload.deployment,
    to,
    file,
    folder,
    containers: services.flatMap(({ containers }) => containers.map(({ name }) => name)),
    published: services.flatMap(({ ports }) =>
      ports.map(({ name, address, hostPort }) => ({ name, address, hostPort })),
    ),
    images: { builtHere: references(true), fromRegistries: references(false) },
  };
}

function describe({ deployment, file, folder, containers, images }: ExportReport): string {
  const { length: built } = images.builtHere;
  return [
    `Wrote ${file}: ${deployment} with its ${containers.length} containers. ${folder} belongs to it and holds passwords.`,
    ...(built > 0 ? [`\`npm run prepare-machine\` builds the ${built} images of it that no registry has.`] : []),
    `Next, where ${deployment} is not up: docker compose --file ${file} up --detach --wait`,
    '',
  ].join('\n');
}
