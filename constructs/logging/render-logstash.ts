import type { Duration } from '../core/units.js';
import { LOGS_FOLDER, MOST_AHEAD_SECONDS, mostBehindSeconds } from './render-rsyslog.js';

export interface PipelineOptions {
  /** Start of index names. */
  readonly index: string;
  /** Logstash's own address: it takes lines there only. */
  readonly listen: string;
  /** Elasticsearch's `address:port`. */
  readonly store: string;
  /** The user of Elasticsearch. */
  readonly user: string;
  /** A line of an own file keeps its time if it is no older. */
  readonly maxAge: Duration;
}

export const BEATS_PORT = 5044;

/**
 * The heap is fixed; beside it come some 350 MiB. Native libraries are unpacked into the temporary folder and mapped as programs, which /tmp does
 * not allow.
 */
export const LOGSTASH_JAVA_OPTIONS = [
  '-Xms512m',
  '-Xmx512m',
  '-Djava.io.tmpdir=/data/tmp',
  '-XX:-HeapDumpOnOutOfMemoryError',
  '-XX:+ExitOnOutOfMemoryError',
].join(' ');

/** logstash.yml (9.0). */
export function renderLogstashSettings(): string {
  return `path.data: /data
path.logs: /tmp
path.config: /config/pipeline.conf
pipeline.workers: 2
pipeline.batch.size: 500
# Names and fields stay as the services wrote them.
pipeline.ecs_compatibility: disabled
# Filebeat is told that a line has arrived once it is here.
queue.type: persisted
queue.max_bytes: 512mb
queue.page_capacity: 16mb
# What Elasticsearch can never take.
dead_letter_queue.enable: true
dead_letter_queue.max_bytes: 64mb
dead_letter_queue.storage_policy: drop_older
api.http.host: 127.0.0.1
api.http.port: 9600
# On level info each line that Elasticsearch cannot take now would be quoted, and come back as a line.
log.level: warn
`;
}

/** log4j2.properties: JSON with the names of the Elastic Common Schema on stdout, from where log-run takes it. */
export function renderLogstashLog4j(): string {
  const line = [
    '"@timestamp":"%d{yyyy-MM-dd\'T\'HH:mm:ss.SSS}{UTC}Z"',
    '"log.level":"%p"',
    '"log.logger":"%c"',
    '"message":"%enc{%m%xEx}{JSON}"',
  ].join(',');
  return `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.alwaysWriteExceptions = false
appender.console.layout.pattern = {${line}}%n
rootLogger.level = \${sys:ls.log.level}
rootLogger.appenderRef.console.ref = console
`;
}

/**
 * The pipeline. `${STORE_PASSWORD}` is filled in from the environment that `logstash-run` gives Logstash: files hold either secrets or
 * addresses, and `docker inspect` shows neither this environment nor a keystore that would have to be made at each start.
 */
export function renderPipeline({ index, listen, store, user, maxAge }: PipelineOptions): string {
  return `input {
  beats {
    host => "${listen}"
    port => ${BEATS_PORT}
    enrich => none
  }
}
filter {
  if ![@metadata][complete] {
    # Written by an image's own means: completed from what is known of the file, ${LOGS_FOLDER}/<instance>/<name>.log.
    grok {
      match => { "[@metadata][path]" => "^${LOGS_FOLDER}/%{DATA:[@metadata][instance]}/" }
    }
    mutate {
      remove_field => ["[service][name]", "[service][instance]", "[event][id]"]
    }
    mutate {
      replace => {
        "[event.id]" => "%{[@metadata][instance]}-%{[@metadata][fingerprint]}"
        "[service.instance]" => "%{[@metadata][instance]}"
        "[service.name]" => "%{[@metadata][instance]}"
      }
    }
    mutate {
      gsub => ["[service.name]", "-[0-9]+$", ""]
    }
    # The store would refuse an object as a message; and a time that cannot be right would make an index for each of its days.
    ruby {
      code => '
        message = event.get("message")
        event.set("message", LogStash::Json.dump(message)) unless message.nil? || message.is_a?(String)
        now = LogStash::Timestamp.now
        said = event.timestamp.to_i - now.to_i
        if said > ${MOST_AHEAD_SECONDS} || said < -${mostBehindSeconds(maxAge)}
          event.set("[log.timestamp]", event.timestamp.to_s)
          event.timestamp = now
        end
      '
    }
  }
  mutate {
    remove_field => ["@version"]
  }
}
output {
  elasticsearch {
    hosts => ["http://${store}"]
    user => "${user}"
    password => "\${STORE_PASSWORD}"
    # A line is stored once however often it is sent: its id is its own, and its day too.
    action => "create"
    index => "${index}-%{+YYYY.MM.dd}"
    document_id => "%{[event.id]}"
    silence_errors_in_log => ["version_conflict_engine_exception"]
    # Elasticsearch has its template and its lifecycle policy from es-node.
    data_stream => "false"
    manage_template => false
    ilm_enabled => false
    # For ever: only what can never be stored (400) goes to the dead letter queue.
    retry_initial_interval => 1
    retry_max_interval => 8
    resurrect_delay => 2
  }
}
`;
}
