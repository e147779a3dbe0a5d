/** A package as dpkg has it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** What it was built from: Debian's security notices name these. */
  readonly source: { readonly name: string; readonly version: string };
}

/** The installed packages. @param status text of /var/lib/dpkg/status */
export function debianPackages(status: string): DebianPackage[] {
  return status.split(/\n\n+/).flatMap((paragraph) => {
    const fields = fieldsOf(paragraph);
    const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map((field) => fields.get(field));
    const installed = fields.get('Status')?.endsWith(' installed') ?? false;
    if (!installed || name === undefined || version === undefined || architecture === undefined) return [];
    // `Source: redis (5:8.0.2-3)`; left out where it is the same.
    const [, source = name, sourceVersion = version] = /^(\S+)(?:\s+\((.*)\))?$/.exec(fields.get('Source') ?? '') ?? [];
    return [{ name, version, architecture, source: { name: source, version: sourceVersion } }];
  });
}

/** `debian` and `13`. @param text of os-release */
export function distribution(text: string): { readonly id: string; readonly version: string } {
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: value('ID') || 'linux', version: value('VERSION_ID') };
}

/** Fields of one line; what follows in further lines is text for people. */
function fieldsOf(paragraph: string): Map<string, string> {
  return new Map(
    [...paragraph.matchAll(/^([\w-]+):[ \t]*(.*)$/gm)].map(([, field = '', value = '']) => [field, value.trim()]),
  );
}
