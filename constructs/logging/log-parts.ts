import type { Duration } from '../core/units.js';
import type { Endpoint } from '../core/endpoint.js';
import type { LogUsers } from './users.js';

/** What the parts of a log stack share. */
export interface LogParts {
  readonly store: Endpoint;
  readonly index: string;
  readonly users: LogUsers;
  /** What is kept: days that ended no longer ago. */
  readonly maxAge: Duration;
}
