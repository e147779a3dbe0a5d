/**
 * Imports saved objects into Kibana once it is available, over those that are there: KIBANA (address and port), IMPORT_FILE,
 * IMPORT_USER, IMPORT_PASSWORD_FILE. Tries for ever, as Elasticsearch may come late; only what Kibana refuses is given up.
 * IMPORT_RETRY_MS is for tests.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const {
  KIBANA = '',
  IMPORT_FILE = '',
  IMPORT_USER = '',
  IMPORT_PASSWORD_FILE = '',
  IMPORT_RETRY_MS = '3000',
} = process.env;
const REPORT_EVERY = 20;

/** What another attempt cannot mend. */
class Refused extends Error {}

for (let attempt = 1; ; attempt++) {
  try {
    log('info', `imported ${await importObjects()} saved objects`);
    break;
  } catch (error) {
    const message = describe(error);
    if (error instanceof Refused) {
      log('error', 'Kibana refuses the dashboards', message);
      process.exitCode = 1;
      break;
    }
    if (attempt % REPORT_EVERY === 0) log('warn', 'the dashboards are not imported yet', message);
  }
  await sleep(Number(IMPORT_RETRY_MS));
}

/** @returns {Promise<number>} how many */
async function importObjects() {
  const password = (await readFile(IMPORT_PASSWORD_FILE, 'utf8')).trim();
  const form = new FormData();
  form.append('file', new Blob([await readFile(IMPORT_FILE)]), 'saved-objects.ndjson');
  const answer = await fetch(`http://${KIBANA}/api/saved_objects/_import?overwrite=true`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${IMPORT_USER}:${password}`).toString('base64')}`,
      'kbn-xsrf': 'import',
    },
    body: form,
    signal: AbortSignal.timeout(60_000),
  });
  const text = await answer.text();
  // 401 and 403 come while Elasticsearch starts, too.
  if ([400, 413, 415].includes(answer.status)) throw new Refused(`${answer.status}: ${text.slice(0, 500)}`);
  if (!answer.ok) throw new Error(`${answer.status}: ${text.slice(0, 500)}`);
  const { success, successCount, errors } = parseAnswer(text);
  if (!success) throw new Refused(JSON.stringify(errors).slice(0, 2000));
  return successCount;
}

/**
 * @param {string} text
 * @returns {{ success: boolean, successCount: number, errors?: unknown }}
 */
function parseAnswer(text) {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return
  return JSON.parse(text);
}

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/**
 * @param {string} level
 * @param {string} message
 * @param {string} [error]
 */
function log(level, message, error) {
  const line = {
    '@timestamp': new Date().toISOString(),
    'log.level': level,
    message,
    'event.action': 'dashboard-import',
  };
  console.log(JSON.stringify(error === undefined ? line : { ...line, 'error.message': error }));
}
