/**
 * Gives up on work after a time.
 *
 * The timer also keeps the process alive: ioredis and fetch (Node 20) lose their answer when a connection is accepted and
 * closed at once, as Docker's port proxy does while a container starts, and with nothing else to wait for Node would end.
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${milliseconds / 1000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
