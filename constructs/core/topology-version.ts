/**
 * Of topology.json. 1 had no models: what services were meant to be had to be read from their files. In 2, the proxy had routes
 * without listeners.
 */
export const TOPOLOGY_VERSION = 3;
