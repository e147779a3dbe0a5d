import type { Problem } from '../../core/platform-error.js';
import type { Workload, WorkloadFile, WorkloadService } from '../workload.js';

/** A file that a Compose file refers to, and where it is brought. */
export interface ComposeSource {
  readonly file: WorkloadFile;
  /** In the folder beside the Compose file, with forward slashes. */
  readonly path: string;
  /** What Compose calls a secret; undefined where it is none. */
  readonly secret: string | undefined;
}

/** Everything that a service is given. */
export function sourcesOf({ name, files }: WorkloadService): ComposeSource[] {
  return files.map((file) => {
    const path = below(file);
    if (!file.secret) return { file, path: `config/${name}/${path}`, secret: undefined };
    return { file, path: `secrets/${name}/${path}`, secret: `${name}-${path.replaceAll(/[/+@]/g, '-')}` };
  });
}

/** A file's path without `/config/`. */
export function below({ path }: Pick<WorkloadFile, 'path'>): string {
  return path.replace(/^\/config\//, '');
}

/** Names that Windows takes too, and the shell as they are. */
const PORTABLE = /^[\w+@-][\w.+@-]*(?<!\.)$/;
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** What a Compose file and the folder beside it cannot say, on any system. */
export function composeProblems({ services }: Workload): Problem[] {
  return services.flatMap((service) => {
    const problems: Problem[] = [];
    const [paths, secrets] = [new Map<string, string>(), new Map<string, string>()];
    for (const { file, secret } of sourcesOf(service)) {
      const of = `${service.name}: file ${file.path}`;
      const parts = below(file).split('/');
      if (!parts.every((part) => PORTABLE.test(part) && !DEVICE.test(part))) {
        problems.push({
          what: `${of} cannot be a file beside a Compose file on every system`,
          got: below(file),
          allowed:
            'letters, digits and . _ - + @ in each part, which neither begins nor ends with a dot and is no device of Windows',
          fix: 'Give it another path in addFile().',
        });
      }
      const twin = paths.get(file.path.toLowerCase());
      if (twin !== undefined) {
        problems.push({
          what: `${of} would take the place of ${twin}, as Windows does not tell upper case from lower`,
          fix: 'Give one of them another path in addFile().',
        });
      }
      paths.set(file.path.toLowerCase(), file.path);
      if (secret === undefined) continue;
      const namesake = secrets.get(secret);
      if (namesake !== undefined) {
        problems.push({
          what: `${of} would be the same secret to Compose as ${namesake}`,
          got: secret,
          fix: 'Give one of them another path in addFile().',
        });
      }
      secrets.set(secret, file.path);
    }
    return problems;
  });
}
