import type Docker from 'dockerode';
import { asRecord, isOn, list, text, type Values } from '../../policies/judge/values.js';
import { type Fact, set } from './facts.js';
import { type ImageFacts, volumePaths } from './image-facts.js';
import type { VolumesFrom } from './program.js';

export type Mount = Docker.ContainerInspectInfo['Mounts'][number];

/** Mounts of the container that a `from_container` names; undefined while there is none. */
export type MountsFrom = (
  from: string,
) => ({ readonly mounts: readonly Mount[] } & Pick<VolumesFrom, 'readOnly' | 'exactly'>) | undefined;

/** Names that the engine gives to volumes without one. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** @returns undefined where a container that volumes come from is not there */
export function declaredMounts(values: Values, image: ImageFacts | undefined, from: MountsFrom): Fact | undefined {
  const blocks = list(values['volumes']).map(asRecord);
  const taken = blocks.map(({ from_container }) => text(from_container)).filter((one) => one !== undefined);
  const sources = taken.map(from);
  if (sources.includes(undefined)) return undefined;
  const own = blocks.flatMap(({ container_path, volume_name, host_path, read_only, from_container }) => {
    if (text(from_container) !== undefined) return [];
    const what =
      text(host_path) === undefined ? volume(text(volume_name)) : `folder ${text(host_path) ?? ''} of the host`;
    return [{ what, path: text(container_path) ?? '', readOnly: isOn(read_only) }];
  });
  const others = sources.flatMap((source) =>
    (source?.mounts ?? []).map((mount) => ({
      what: volume(source?.exactly === true ? (mount.Name ?? '') : undefined),
      path: mount.Destination,
      readOnly: source?.readOnly === true || !mount.RW,
    })),
  );
  const blocksOfMounts = list(values['mounts'])
    .map(asRecord)
    .map(({ type, source, target, read_only }) => ({
      what: describe(text(type) ?? '', text(source)),
      path: text(target) ?? '',
      readOnly: isOn(read_only),
    }));
  const all = [...own, ...others, ...blocksOfMounts];
  const paths = new Set(all.map(({ path }) => path));
  const inherited = volumePaths(image).filter((path) => !paths.has(path));
  return set([...all, ...inherited.map((path) => ({ what: volume(undefined), path, readOnly: false }))].map(render));
}

/** What is mounted. A volume without a name counts by it only where it comes from another container. */
export function actualMounts(
  { Mounts, HostConfig }: Docker.ContainerInspectInfo,
  values: Values,
  from: MountsFrom,
): Fact {
  const taken = list(values['volumes']).flatMap((block) => {
    const source = text(asRecord(block)['from_container']);
    const origin = source === undefined ? undefined : from(source);
    return origin?.exactly === true ? origin.mounts.map(({ Name }) => Name) : [];
  });
  const scratch = asRecord(HostConfig.Tmpfs);
  return set(
    Mounts.filter(({ Type, Destination }) => Type !== 'tmpfs' || !(Destination in scratch)).map((mount) => {
      const { Type, Name, Source, Destination, RW } = mount;
      const anonymous = Name === undefined || (ANONYMOUS.test(Name) && !taken.includes(Name));
      const what =
        Type === 'volume' && !anonymous ? volume(Name) : describe(Type, Type === 'bind' ? Source : undefined);
      return render({ what, path: Destination, readOnly: !RW });
    }),
  );
}

function describe(type: string, source: string | undefined): string {
  if (type === 'volume') return volume(source);
  return type === 'bind' ? `folder ${source ?? ''} of the host` : type;
}

function volume(name: string | undefined): string {
  return name === undefined ? 'a volume without a name' : `volume ${name}`;
}

function render({ what, path, readOnly }: { what: string; path: string; readOnly: boolean }): string {
  return `${what} at ${path}${readOnly ? ' (read-only)' : ''}`;
}
