import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import { debianPackages, distribution } from './debian-packages.js';
import { goBuildInfo } from './go-build-info.js';
import type { ImageFiles } from './image-files.js';

/**
 * What an image consists of, as CycloneDX JSON. Two images with the same content give the same text: there is no time and
 * no serial number in it.
 * @param image such as `redis-platform/api:0123456789ab`
 */
export function renderBom(image: string, files: ImageFiles): string {
  const [name = image, version] = image.split(':');
  const root = new Models.Component(Enums.ComponentType.Container, name, {
    bomRef: 'image',
    ...(version !== undefined && { version }),
  });
  const components = [...debianComponents(files), ...goComponents(files.programs)];
  for (const { bomRef } of components) root.dependencies.add(bomRef);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: root }),
    components: new Models.ComponentRepository(components),
  });
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function debianComponents({ dpkgStatus, osRelease }: ImageFiles): Models.Component[] {
  const { id, version: release } = distribution(osRelease);
  return debianPackages(dpkgStatus).map(({ name, version, architecture, source }) => {
    const upstream = source.version === version ? source.name : `${source.name}@${source.version}`;
    const purl = new PackageURL('deb', id, name, version, {
      arch: architecture,
      distro: `${id}-${release}`,
      ...(upstream !== name && { upstream }),
    }).toString();
    return new Models.Component(Enums.ComponentType.Library, name, { bomRef: purl, version, purl });
  });
}

function goComponents(programs: ReadonlyMap<string, Buffer>): Models.Component[] {
  const found = new Map<string, { readonly path: string; readonly version: string; readonly files: Set<string> }>();
  for (const [file, content] of programs) {
    const info = goBuildInfo(content);
    if (info === undefined) continue;
    for (const { path, version } of [{ path: 'std', version: info.goVersion }, ...info.modules]) {
      const key = `${path}@${version}`;
      const known = found.get(key) ?? { path, version, files: new Set() };
      known.files.add(file);
      found.set(key, known);
    }
  }
  return [...found.values()].map(({ path, version, files }) => {
    const at = path.lastIndexOf('/');
    // What Go says of the program's own module: it has no version.
    const known = version === '(devel)' ? undefined : version;
    const purl = new PackageURL('golang', at < 0 ? undefined : path.slice(0, at), path.slice(at + 1), known).toString();
    return new Models.Component(Enums.ComponentType.Library, path, {
      bomRef: purl,
      purl,
      ...(known !== undefined && { version: known }),
      properties: new Models.PropertyRepository(
        [...files].sort().map((file) => new Models.Property('redis-platform:program', file)),
      ),
    });
  });
}
