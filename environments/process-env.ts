/** The only place in TypeScript that reads the process environment, so that what influences a run can be seen at once. */
export const processEnv: Readonly<Record<string, string | undefined>> = process.env;
