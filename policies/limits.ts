import { eachRunningContainer, type Policy } from './judge/policy.js';

export default {
  why: 'A container without limits takes memory, processors and processes from all others, and from the machine.',
  fix: 'Give it limits: memory, memory and swap together equal to it, cores, and processes.',
  judge: eachRunningContainer(({ memory, memorySwap, cpus, processes }) => [
    ...(memory > 0 ? [] : ['its memory has no limit']),
    ...(memory > 0 && memorySwap !== memory ? ['it may swap beyond its memory'] : []),
    ...(cpus > 0 ? [] : ['its processors have no limit']),
    ...(processes > 0 ? [] : ['its processes have no limit']),
  ]),
} satisfies Policy;
