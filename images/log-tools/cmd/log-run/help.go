package main

const help = `log-run [--] COMMAND ARGS...

Runs COMMAND as the first process of a container, and writes each line of its standard output and standard error as one
line of JSON, with the names of the Elastic Common Schema, to its own standard output and to a file. It forwards signals, reaps
orphans, and never makes COMMAND wait.

Settings (environment):
  LOG_DIR             folder of the files; without it, or read-only: no files    default /var/log/app
  LOG_SEGMENT_BYTES   a new file at this size, 4096 to 1073741824                default 8388608
  LOG_SEGMENTS        how many full files may remain, 2 to 1000                  default 4

Exit codes: COMMAND's, 128 + n if signal n killed it, 127 if it cannot be started, 2 for wrong arguments or settings.
`
