import type { Endpoint } from '../network/endpoint.js';
import type { LogUsers } from './users.js';

/** What the parts of a log stack share. */
export interface LogParts {
  readonly store: Endpoint;
  readonly index: string;
  readonly users: LogUsers;
}
