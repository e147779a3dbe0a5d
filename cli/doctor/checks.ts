import type { Check } from './check.js';
import { deploymentChecks } from './deployment-checks.js';
import { engineChecks } from './engine-checks.js';
import { machineChecks } from './machine-checks.js';
import { tlsCheck } from './tls-check.js';
import { windowsChecks } from './windows-checks.js';

/** All that `doctor` looks at, in the order in which it tells it. */
export const allChecks: readonly Check[] = [
  ...machineChecks,
  tlsCheck,
  ...windowsChecks,
  ...engineChecks,
  ...deploymentChecks,
];
