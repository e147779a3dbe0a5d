require_relative "client"

AT_MOST_S = 60

$stdout.sync = true
now = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
prefix = ARGV.fetch(0)
client = connect
last = now.call + AT_MOST_S
number = 0
while now.call < last
  begin
    # Both on one connection, or neither.
    _, replicas = client.pipelined do |pipeline|
      pipeline.set("#{prefix}#{number}", number.to_s)
      pipeline.call("WAIT", 1, 300)
    end
    puts(replicas >= 1 ? "confirmed #{number}" : "refused #{number} by #{replicas} replicas")
  rescue Redis::BaseError => error
    puts("refused #{number} #{error.message.lines.first}")
  end
  number += 1
  sleep(0.01)
end
