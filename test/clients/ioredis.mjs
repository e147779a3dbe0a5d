import { writeAll } from './loop.mjs';

/** The code that is printed for a client; not there when types are checked. */
const CODE = /** @type {string} */ ('./client.mjs');
/** @type {unknown} */
const code = await import(CODE);
const { connect } = /** @type {{ connect: () => import('ioredis').Redis }} */ (code);
const client = connect();

await writeAll(async (key, value) => {
  // Both on one connection, or neither.
  const answers = (await client.pipeline().set(key, value).wait(1, 300).exec()) ?? [];
  for (const [error] of answers) if (error) throw error;
  return Number(answers[1]?.[1]);
});
