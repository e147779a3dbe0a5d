import type Docker from 'dockerode';
import { text } from '../../policies/judge/values.js';
import type { RecordedResource } from '../terraform/state.js';
import { actualFacts, declaredFacts, type Surroundings } from './container-facts.js';
import type { Difference } from './difference.js';
import type { EngineView } from './engine-view.js';
import { compareFacts } from './facts.js';
import { foreignMembers } from './foreign-members.js';
import { impostors } from './impostors.js';
import { membershipDifferences } from './memberships.js';
import { actualNetworkFacts, declaredNetworkFacts } from './network-facts.js';
import { type Declared, membershipsOf, type Program, volumesFrom } from './program.js';

/**
 * What on the engine differs from what was declared and applied. What Terraform has yet to make is no difference.
 * @param recorded what Terraform remembers to have made
 */
export function compare(program: Program, recorded: readonly RecordedResource[], view: EngineView): Difference[] {
  const of = (type: string) => recorded.filter((resource) => resource.type === type);
  const networks = findNetworks(program, of('docker_network'), view);
  const containers = findContainers(program, of('docker_container'), view);
  const strangers = impostors(program, recorded, view);
  const removed = [...containers.differences, ...strangers].flatMap(({ repair }) =>
    repair.by === 'removal' ? [repair.id] : [],
  );
  return [
    ...networks.differences,
    ...containers.differences,
    ...containers.found.flatMap(({ declared, container }) => [
      ...runDifferences(declared, container),
      ...factDifferences(declared, container, program, containers.found, view),
      ...membershipDifferences(declared, membershipsOf(program, declared), container, networks.found),
    ]),
    ...strangers,
    ...foreignMembers(view, [...networks.found.values()], containers.found, new Set(removed)),
  ];
}

/** A declared container and what the engine has under its name. */
export interface Found {
  readonly declared: Declared;
  readonly container: Docker.ContainerInspectInfo;
}

function findContainers(program: Program, recorded: readonly RecordedResource[], { containers }: EngineView) {
  const differences: Difference[] = [];
  const found: Found[] = [];
  const named = (container: Docker.ContainerInspectInfo) => container.Name.slice(1);
  const ids = new Map(recorded.map(({ id, name }) => [id, name]));
  for (const declared of program.containers) {
    const { name, address } = declared;
    if (!recorded.some((resource) => resource.name === name)) continue;
    const what = `container ${name}`;
    const own = containers.find(({ Id }) => ids.get(Id) === name);
    const holder = containers.find((container) => named(container) === name);
    if (holder && holder !== own) {
      const repair = { by: 'removal', kind: 'container', id: holder.Id, name } as const;
      differences.push({ what: `${what} is not the one that was applied`, address, repair });
    }
    if (!own) {
      if (!holder) differences.push({ what: `${what} is gone`, address, repair: { by: 'refresh', addresses: [] } });
      continue;
    }
    if (named(own) !== name) {
      const repair = { by: 'rename', container: own.Id, to: name } as const;
      differences.push({ what: `${what} is called ${named(own)}`, address, repair });
    }
    found.push({ declared, container: own });
  }
  return { differences, found };
}

function findNetworks(program: Program, recorded: readonly RecordedResource[], view: EngineView) {
  const differences: Difference[] = [];
  const found = new Map<string, Docker.NetworkInspectInfo>();
  for (const { name, address, values } of program.networks) {
    const ids = recorded.flatMap((resource) => (resource.name === name ? [resource.id] : []));
    if (ids.length === 0) continue;
    const members = program.containers.filter((one) => membershipsOf(program, one).some((to) => to.network === name));
    // Its members are members of the old one: they are made anew with it.
    const addresses = [address, ...members.map((member) => member.address)];
    const own = view.networks.find(({ Id }) => ids.includes(Id));
    const others = view.networks.filter(({ Id, Name }) => Name === name && !ids.includes(Id));
    for (const { Id } of others) {
      const repair = { by: 'removal', kind: 'network', id: Id, name } as const;
      differences.push({ what: `network ${name} is not the one that was applied`, address, repair });
    }
    if (!own) {
      differences.push({ what: `network ${name} is gone`, address, repair: { by: 'refresh', addresses } });
      continue;
    }
    found.set(name, own);
    const problems = compareFacts(declaredNetworkFacts(values), actualNetworkFacts(own));
    const repair = { by: 'replace', addresses } as const;
    differences.push(...problems.map((problem) => ({ what: `network ${name}: ${problem}`, address, repair })));
  }
  return { differences, found };
}

function runDifferences({ address, name, values }: Declared, { Id, State }: Docker.ContainerInspectInfo): Difference[] {
  const mustRun = values['must_run'] !== false;
  const what = `container ${name}`;
  if (mustRun && State.Paused)
    return [{ what: `${what} is paused`, address, repair: { by: 'unpause', container: Id } }];
  if (mustRun && !State.Running)
    return [{ what: `${what} does not run`, address, repair: { by: 'refresh', addresses: [] } }];
  if (!mustRun && State.Status !== 'created') {
    const repair = { by: 'replace', addresses: [address] } as const;
    return [{ what: `${what} was started, which is only to hold files`, address, repair }];
  }
  return [];
}

function factDifferences(
  { address, name, values }: Declared,
  container: Docker.ContainerInspectInfo,
  program: Program,
  all: readonly Found[],
  { images, swapLimit }: EngineView,
): Difference[] {
  const around: Surroundings = {
    image: images.get(text(values['image']) ?? ''),
    swapLimit,
    mountsFrom: (from) => {
      const origin = volumesFrom(program, from);
      const source = all.find(({ declared }) => declared.address === origin?.source.address);
      return origin && source && { ...origin, mounts: source.container.Mounts };
    },
  };
  const problems = compareFacts(declaredFacts(values, around), actualFacts(container, values, around));
  const repair = { by: 'replace', addresses: [address] } as const;
  return problems.map((problem) => ({ what: `container ${name}: ${problem}`, address, repair }));
}
