/** Of topology.json. 1 had no models: what services were meant to be had to be read from their files. */
export const TOPOLOGY_VERSION = 2;
