import { writeAll } from './loop.mjs';

/** The code that is printed for a client; not there when types are checked. */
const CODE = /** @type {string} */ ('./client.mjs');
/** @type {unknown} */
const code = await import(CODE);
const { connect } = /** @type {{ connect: () => Promise<import('redis').RedisSentinelType> }} */ (code);
const client = await connect();

await writeAll(async (key, value) => {
  // Both on one connection, or neither.
  const [, replicas] = await client.multi().set(key, value).wait(1, 300).execAsPipeline();
  return Number(replicas);
});
