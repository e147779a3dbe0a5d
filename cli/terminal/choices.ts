/* What options can be. Apart from the commands that take them, of which the help loads none. */

/** Of a diagram. */
export const FORMATS = ['mermaid', 'svg'] as const;
export type Format = (typeof FORMATS)[number];

/** What `wait` waits for. */
export const AWAITED = ['clients', 'all'] as const;

/** What a deployment can be exported to. */
export const EXPORTS = ['compose'] as const;
export type ExportTarget = (typeof EXPORTS)[number];
