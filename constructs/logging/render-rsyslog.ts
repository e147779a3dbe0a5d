import type { Duration } from '../core/units.js';
import { passwordFile } from './render-elasticsearch.js';

export interface RsyslogOptions {
  readonly index: string;
  readonly store: { readonly address: string; readonly port: number };
  /** The user of Elasticsearch. */
  readonly user: string;
  /** A line of an own file keeps its time if it is no older. */
  readonly maxAge: Duration;
}

/** A time that is further ahead than this comes from a clock that is wrong. */
export const MOST_AHEAD_SECONDS = 60;
/** Each day of lines has an index of its own, and Elasticsearch opens no more than 1,000. */
const MOST_DAYS = 366;

/** How old a line of an own file may be to keep its time. */
export function mostBehindSeconds(maxAge: Duration): number {
  return Math.min(maxAge.toSeconds(), MOST_DAYS * 86_400);
}

/** Where the shipper finds each instance's log volume: `/logs/<instance>`. */
export const LOGS_FOLDER = '/logs';

/**
 * rsyslog.conf (8.2504). A file's position is remembered once its lines are in the queue, which is on disk; and a line leaves the queue once
 * Elasticsearch has it. What is sent twice, after a crash, has the same id and is stored once.
 */
export function renderRsyslogConfig({ index, store, user, maxAge }: RsyslogOptions): string {
  // log-run's longest line has 64 KiB, and an escape up to six bytes for one. Few at a time: all of them are in memory.
  return `# (Its own messages go to stderr at first, so that a faulty configuration is seen, then through the rules below.)
global(workDirectory="/spool" maxMessageSize="512k" errorMessagesToStderr.maxNumber="20" parser.escapeControlCharactersOnReceive="off")
module(load="imfile" mode="inotify")
module(load="mmjsonparse")
module(load="fmhash")
module(load="omelasticsearch")

template(name="document" type="string" string="%$.document%")
template(name="index" type="string" string="${index}-%$.day%")
template(name="id" type="string" string="%$.id%")
template(name="event" type="string" string="%$.line!event%")
template(name="service" type="string" string="%$.line!service%")
template(name="message" type="string" string="%$.line!message%")
template(name="said" type="string" string="%$.line!@timestamp%")
template(name="utc" type="list") { property(name="timegenerated" dateFormat="rfc3339" date.inUTC="on") }

input(type="imfile" file="${LOGS_FOLDER}/*/*.log" tag="file" ruleset="ship" addMetadata="on" readMode="0"
      persistStateAfterSubmission="on" maxSubmitAtOnce="50")

ruleset(name="ship" queue.type="Disk" queue.filename="lines" queue.size="2000000" queue.maxDiskSpace="512m"
        queue.maxFileSize="8m" queue.checkpointInterval="1" queue.dequeueBatchSize="100" queue.saveOnShutdown="on"
        # A full queue holds back the reading of files, never a service.
        queue.timeoutEnqueue="0" queue.timeoutShutdown="2000") {
  if $msg startswith '{"@timestamp":"20' and $msg contains '","event.id":"' then {
    # Written by log-run: complete.
    set $.id = re_extract($msg, '"event\\\\.id":"([^"]+)"', 0, 1, "");
    set $.day = replace(substring($msg, 15, 10), "-", ".");
    set $.document = $msg;
  } else {
    # Written by an image's own means: completed from what is known of the file.
    set $.instance = field($!metadata!filename, 47, 3);
    set $.id = $.instance & "-" & hash64($msg & $!metadata!filename) & "-" & $!metadata!fileoffset;
    set $.now = exec_template("utc");
    action(type="mmjsonparse" cookie="" container="$.line")
    if $parsesuccess != "OK" then {
      unset $.line!msg;
      set $.line!message = $msg;
    }
    # Whatever is not text becomes it: the store would refuse an object as a message. Plain values make room for fields of that name.
    set $.text = exec_template("message");
    if $.text != "" then {
      unset $.line!message;
      set $.line!message = $.text;
    }
    set $.text = exec_template("event");
    if $.text != "" and not ($.text startswith "{") then {
      unset $.line!event;
      set $.line!event!action = $.text;
    }
    set $.text = exec_template("service");
    if $.text != "" and not ($.text startswith "{") then {
      unset $.line!service;
      set $.line!service!type = $.text;
    }
    # A time that cannot be right would make an index for each of its days, and stand before all others.
    set $.said = exec_template("said");
    set $.at = parse_time($.said);
    set $.read = parse_time($.now);
    if not ($.said startswith "20") or $.at == 0 or $.at > $.read + ${MOST_AHEAD_SECONDS} or $.at < $.read - ${mostBehindSeconds(maxAge)} then {
      if $.said != "" then set $.line!log.timestamp = $.said;
      unset $.line!@timestamp;
      set $.line!@timestamp = $.now;
    }
    unset $.line!event.id;
    unset $.line!service.name;
    unset $.line!service.instance;
    set $.line!event!id = $.id;
    set $.line!service!instance = $.instance;
    set $.line!service!name = re_extract($.instance, '^(.*)-[0-9]+$', 0, 1, $.instance);
    set $.day = replace(re_extract($.line!@timestamp, '^(20[0-9][0-9]-[0-9][0-9]-[0-9][0-9])T', 0, 1,
                                   substring($.now, 0, 10)), "-", ".");
    set $.document = $.line;
  }
  action(type="omelasticsearch" name="elasticsearch" server=["${store.address}"] serverport="${store.port}"
         uid="${user}" pwd=\`cat ${passwordFile(user)}\`
         template="document" searchIndex="index" dynSearchIndex="on" searchType=""
         bulkmode="on" maxbytes="4m" writeoperation="create" bulkid="id" dynbulkid="on"
         # What could not be stored now gets no answer from es-node's gate and is sent again; what never can is told there.
         action.reportSuspension="on" action.resumeRetryCount="-1" action.resumeInterval="2" healthchecktimeout="2000")
}
# Its own messages. This one comes for each line of a batch; that the action is suspended is said once, too.
if $msg contains "we are suspending ourselfs" then stop
action(type="omfile" file="/dev/stdout" template="RSYSLOG_TraditionalFileFormat")
`;
}
