import { eachContainer, type Policy } from './judge/policy.js';

export default {
  why: "In the host's namespaces a container sees and reaches what runs beside it: processes, memory, loopback ports.",
  fix: 'Leave network, pid, ipc, userns, cgroupns and uts modes out; declare a rule for what must be reached.',
  judge: eachContainer(({ namespaces }) =>
    Object.entries(namespaces)
      .filter(([, mode]) => mode === 'host' || mode.startsWith('container:') || mode.startsWith('${'))
      .map(([kind, mode]) => `its ${kind} namespace is not its own: ${mode}`),
  ),
} satisfies Policy;
