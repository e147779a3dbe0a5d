import { PackageURL } from 'packageurl-js';
import { debianPackages, distribution } from './debian-packages.js';
import { goBuildInfo } from './go-build-info.js';
import type { ImageFiles } from './image-files.js';

/**
 * What an image consists of, as CycloneDX JSON. Two images with the same content give the same text: there is no time and
 * no serial number in it.
 * @param image such as `redis-platform.invalid/api:0123456789ab`
 */
export async function renderBom(image: string, files: ImageFiles): Promise<string> {
  // Large, and needed by no other command.
  const { Enums, Models, Serialize, Spec } = await import('@cyclonedx/cyclonedx-library');
  const [name = image, version] = image.split(':');
  const root = new Models.Component(Enums.ComponentType.Container, name, {
    bomRef: 'image',
    ...(version !== undefined && { version }),
  });
  const components = partsOf(files).map(
    (part) =>
      new Models.Component(Enums.ComponentType.Library, part.name, {
        bomRef: part.purl,
        purl: part.purl,
        ...(part.version !== undefined && { version: part.version }),
        properties: new Models.PropertyRepository(
          part.programs.map((program) => new Models.Property('redis-platform:program', program)),
        ),
      }),
  );
  for (const { bomRef } of components) root.dependencies.add(bomRef);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: root }),
    components: new Models.ComponentRepository(components),
  });
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 2 })}\n`;
}

/** A package or module. */
interface Part {
  readonly name: string;
  readonly version: string | undefined;
  /** github.com/package-url: what scanners look up. */
  readonly purl: string;
  /** The programs that it was compiled into. */
  readonly programs: readonly string[];
}

function partsOf(files: ImageFiles): Part[] {
  return [...debianParts(files), ...goParts(files.programs)];
}

function debianParts({ dpkgStatus, osRelease }: ImageFiles): Part[] {
  const { id, version: release } = distribution(osRelease);
  return debianPackages(dpkgStatus).map(({ name, version, architecture, source }) => {
    const upstream = source.version === version ? source.name : `${source.name}@${source.version}`;
    const qualifiers = { arch: architecture, distro: `${id}-${release}`, ...(upstream !== name && { upstream }) };
    return { name, version, purl: new PackageURL('deb', id, name, version, qualifiers).toString(), programs: [] };
  });
}

function goParts(programs: ReadonlyMap<string, Buffer>): Part[] {
  const parts = new Map<string, Part>();
  for (const [program, content] of [...programs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const info = goBuildInfo(content);
    if (info === undefined) continue;
    for (const { path: name, version: said } of [{ path: 'std', version: info.goVersion }, ...info.modules]) {
      // What Go says of the program's own module: it has no version.
      const version = said === '(devel)' ? undefined : said;
      const at = name.lastIndexOf('/');
      const purl = new PackageURL('golang', name.slice(0, Math.max(at, 0)), name.slice(at + 1), version).toString();
      parts.set(purl, { name, version, purl, programs: [...(parts.get(purl)?.programs ?? []), program] });
    }
  }
  return [...parts.values()];
}
