import { eachRunningContainer, type Policy } from './judge/policy.js';

export default {
  why: "Each capability is a piece of root's power over the kernel that all containers share.",
  fix: 'Drop ALL and add none; listen on a port from 1024 instead of NET_BIND_SERVICE.',
  judge: eachRunningContainer(({ capabilities: { drop, add } }) => [
    ...(drop.includes('ALL') ? [] : ['it does not drop ALL capabilities']),
    ...add.map((capability) => `it adds the capability ${capability}`),
  ]),
} satisfies Policy;
