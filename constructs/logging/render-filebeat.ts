import { LOGS_FOLDER } from './render-rsyslog.js';

export interface FilebeatOptions {
  /** Logstash's `address:port`. */
  readonly logstash: string;
}

/** log-run's segments end in eight digits: see images/log-tools. */
const DIGITS = 8;

/**
 * filebeat.yml (9.0). A file's position is remembered once its lines are in the queue, which is on disk; a line leaves the queue once Logstash
 * has it on its own disk. What is sent twice, after a crash, has the same id and is stored once.
 *
 * The names of fields stay flat (`service.name`), as log-run writes them and rsyslog stores them.
 */
export function renderFilebeatConfig({ logstash }: FilebeatOptions): string {
  return `filebeat.inputs:
  # Segments of log-run. No name is used twice, whereas file systems give a deleted file's inode to the next new one.
  - type: filestream
    id: segments
    paths: ["${LOGS_FOLDER}/*/*-${'[0-9]'.repeat(DIGITS)}.log"]
    file_identity.path: ~
    prospector.scanner.check_interval: 1s
    prospector.scanner.fingerprint.enabled: false
    backoff.init: 200ms
    backoff.max: 1s
  # What an image writes by its own means, which may rename its files.
  - type: filestream
    id: files
    paths: ["${LOGS_FOLDER}/*/*.log"]
    prospector.scanner.exclude_files: ['-[0-9]{${DIGITS}}\\.log$']
    file_identity.native: ~
    prospector.scanner.check_interval: 1s
    # Files shorter than 1 KiB would not be read.
    prospector.scanner.fingerprint.enabled: false
    backoff.init: 200ms
    backoff.max: 1s

processors:
  # For lines without an id: the same whenever the line is read again.
  - fingerprint:
      fields: ["log.file.path", "log.offset", "message"]
      target_field: "@metadata.fingerprint"
      method: sha256
  - copy_fields:
      fields: [{ from: "log.file.path", to: "@metadata.path" }]
      fail_on_error: true
  # Written by log-run: complete.
  - add_fields:
      when.regexp.message: '^\\{"@timestamp":"20[^"]+","event\\.id":"'
      target: "@metadata"
      fields: { complete: "yes" }
  # Filebeat's own, before lines bring theirs.
  - drop_fields:
      fields: ["agent", "ecs", "host", "input", "log"]
      ignore_missing: true
  - decode_json_fields:
      fields: ["message"]
      target: ""
      overwrite_keys: true
      expand_keys: false
      add_error_key: false
timestamp.precision: nanosecond

queue.disk:
  path: /spool/queue
  # A full queue holds back the reading of files, never a service.
  max_size: 512MB

output.logstash:
  hosts: ["${logstash}"]
  compression_level: 0

path.data: /spool
path.logs: /tmp
# JSON on stderr, from where log-run takes it.
logging.level: info
logging.to_stderr: true
logging.metrics.enabled: false
# For the health check.
http.enabled: true
http.host: 127.0.0.1
http.port: 5066
# The engine's own filter of system calls applies.
seccomp.enabled: false
`;
}
