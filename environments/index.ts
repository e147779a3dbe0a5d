import { ci } from './ci.js';
import { dev } from './dev.js';
import { prod } from './prod.js';
import type { EnvironmentInput } from './schema.js';
import { test } from './test.js';

/** Every environment; a new one is a file beside this one and an entry here. */
export const environments: Readonly<Record<string, EnvironmentInput>> = { dev, test, ci, prod };
