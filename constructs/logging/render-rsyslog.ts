import { passwordFile } from './render-elasticsearch.js';

export interface RsyslogOptions {
  readonly index: string;
  readonly store: { readonly address: string; readonly port: number };
  /** The user of Elasticsearch. */
  readonly user: string;
}

/** Where the shipper finds each instance's log volume: `/logs/<instance>`. */
export const LOGS_FOLDER = '/logs';

/**
 * rsyslog.conf (8.2504). A file's position is remembered once its lines are in the queue, which is on disk; and a line leaves the queue once
 * Elasticsearch has it. What is sent twice, after a crash, has the same id and is stored once.
 */
export function renderRsyslogConfig({ index, store, user }: RsyslogOptions): string {
  return `# (Its own messages go to stderr at first, so that a faulty configuration is seen, then through the rules below.)
global(workDirectory="/spool" maxMessageSize="128k" errorMessagesToStderr.maxNumber="20" parser.escapeControlCharactersOnReceive="off")
module(load="imfile" mode="inotify")
module(load="mmjsonparse")
module(load="fmhash")
module(load="omelasticsearch")

template(name="document" type="string" string="%$.document%")
template(name="index" type="string" string="${index}-%$.day%")
template(name="id" type="string" string="%$.id%")
template(name="refused" type="string" string="a line that Elasticsearch refuses for good (%$.omes!_id%, %$.omes!status%): %msg%\\n")
template(name="utc" type="list") { property(name="timegenerated" dateFormat="rfc3339" date.inUTC="on") }

input(type="imfile" file="${LOGS_FOLDER}/*/*.log" tag="file" ruleset="ship" addMetadata="on" readMode="0"
      persistStateAfterSubmission="on" maxSubmitAtOnce="500")

ruleset(name="ship" queue.type="Disk" queue.filename="lines" queue.size="2000000" queue.maxDiskSpace="512m"
        queue.maxFileSize="8m" queue.checkpointInterval="1" queue.dequeueBatchSize="300" queue.saveOnShutdown="on"
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
    if $.line!@timestamp == "" then {
      set $.line!@timestamp = $.now;
    }
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
         # What could not be stored now gets no answer from es-node's gate and is sent again; what never can is shown.
         action.reportSuspension="on" action.resumeRetryCount="-1" action.resumeInterval="2" healthchecktimeout="2000"
         retryfailures="on" retryruleset="refused")
}
ruleset(name="refused") {
  # Stored before.
  if $.omes!status == 409 then stop
  action(type="omfile" file="/dev/stdout" template="refused")
}
# Its own messages. This one comes for each line of a batch; that the action is suspended is said once, too.
if $msg contains "we are suspending ourselfs" then stop
action(type="omfile" file="/dev/stdout" template="RSYSLOG_TraditionalFileFormat")
`;
}
