import { eachRunningContainer, type Policy } from './judge/policy.js';

export default {
  why: 'Root in a container is root on the machine as soon as anything between them gives way.',
  fix: 'Run it as an ordinary user and group by number, e.g. 10001:10001; the image must own its files so.',
  judge: eachRunningContainer(({ user, groups }) => [
    ...(user !== undefined && /^[1-9]\d*:[1-9]\d*$/.test(user)
      ? []
      : [`it runs as ${user ?? 'whatever user its image says'}`]),
    ...groups.filter((group) => !/^[1-9]\d*$/.test(group)).map((group) => `it is in the group ${group}`),
  ]),
} satisfies Policy;
