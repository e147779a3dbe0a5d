import type { Selection } from '../../../../cli/logs/selection.js';

/** All lines since a moment. */
export const anySelection: Selection = {
  services: [],
  containers: [],
  level: undefined,
  since: new Date('2026-11-22T17:00:00Z'),
  until: undefined,
  grep: undefined,
  request: undefined,
};
