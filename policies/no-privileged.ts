import { eachContainer, type Policy } from './judge/policy.js';

export default {
  why: "A privileged container, one with the machine's devices or without the kernel's filters owns the machine.",
  fix: 'Leave privileged, devices and unconfined security options out.',
  judge: eachContainer(({ privileged, hostDevices, securityOptions }) => [
    ...(privileged ? ['it is privileged'] : []),
    ...hostDevices.map((device) => `it gets a device of the host: ${device}`),
    ...securityOptions
      .filter((option) => /^(\w+[:=]unconfined|label[:=]disable)$/.test(option))
      .map((option) => `it runs with ${option}`),
  ]),
} satisfies Policy;
