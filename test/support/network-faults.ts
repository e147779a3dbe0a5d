import { Duration } from '../../constructs/core/units.js';
import { eventually } from './eventually.js';
import { runHelper } from './helper-container.js';
import type { Platform } from './platform.js';

/**
 * Networks that are slow or lose what is sent, made in a container's own network namespace by a helper beside it: so they work wherever
 * the engine's machine is. The helper takes back what it did; if the container ends before, its network ends with it.
 */
export class NetworkFaults {
  constructor(private readonly platform: Platform) {}

  /** For a while, a container sends this many KiB a second; what waits for longer than a second is dropped. */
  async slowDown(name: string, kibibytesPerSecond: number, milliseconds: number): Promise<void> {
    await this.beside(name, SLOW, kibibytesPerSecond * 1024, milliseconds / 1000);
  }
  /** For a while, nothing that `from` sends to `to` arrives; the other direction stays. They must share a network. */
  async lose(from: string, to: string, milliseconds: number): Promise<void> {
    const [sender, receiver] = await Promise.all([this.addresses(from), this.addresses(to)]);
    const shared = [...receiver].flatMap(([network, address]) => (sender.has(network) ? [address] : []));
    if (shared.length === 0) throw new Error(`${from} and ${to} share no network`);
    await this.beside(from, LOSE, milliseconds / 1000, ...shared);
  }

  /** By network. */
  private async addresses(name: string): Promise<Map<string, string>> {
    const { NetworkSettings } = await this.platform.container(name).inspect();
    return new Map(Object.entries(NetworkSettings.Networks).map(([network, { IPAddress }]) => [network, IPAddress]));
  }
  private async beside(name: string, script: string, ...args: readonly (string | number)[]): Promise<void> {
    const command = `perl -e '${script}' ${args.join(' ')}`;
    const act = () =>
      runHelper(this.platform, command, {
        user: '0:0',
        NetworkMode: `container:${this.platform.containerName(name)}`,
        CapAdd: ['NET_ADMIN'],
      });
    // A container that is just being started again has no network to join.
    const within = Duration.seconds(30);
    await eventually(act, { within });
  }
}

/**
 * A token bucket on each interface, over netlink (rtnetlink(7), linux/pkt_sched.h): the base image has no `tc`, and not every kernel has
 * netem. Arguments: bytes a second, seconds.
 */
const SLOW = `
use strict;
my ($rate, $seconds) = @ARGV;
socket(my $kernel, 16, 3, 0) or die "socket: $!";
my $number = 0;
sub ask {
  my ($type, $flags, $body) = @_;
  send($kernel, pack("LSSLL", 16 + length $body, $type, 5 | $flags, ++$number, 0) . $body, 0) or die "send: $!";
  recv($kernel, my $answer, 65536, 0);
  my $error = -unpack("x16 l", $answer);
  $! = $error, die "netlink $type: $!\\n" if $error;
}
sub attribute { my ($type, $data) = @_; pack("SS", 4 + length $data, $type) . $data . "\\0" x (-length($data) % 4) }
sub interface { my ($index) = @_; pack("CxS i I I I", 0, 0, $index, 0, 0xffffffff, 0) }
opendir(my $all, "/sys/class/net") or die "interfaces: $!";
my @indices;
for my $name (grep { !/^[.]|^lo$/ } readdir $all) {
  open(my $file, "<", "/sys/class/net/$name/ifindex") or next;
  push @indices, 0 + <$file>;
}
my $speed = pack("CCSsSL", 0, 1, 0, 0, 0, $rate);
my $bucket = attribute(1, $speed . "\\0" x 12 . pack("LLL", $rate, 0, 0)) . attribute(6, pack("L", 4096));
ask(36, 0x500, interface($_) . attribute(1, "tbf\\0") . attribute(2, $bucket)) for @indices;
select(undef, undef, undef, $seconds);
ask(37, 0, interface($_)) for @indices;
`;

/**
 * A hardware address that nobody has, for each of the receiver's addresses (arp(7)). Arguments: seconds, addresses.
 */
const LOSE = `
use strict;
use Socket;
my ($seconds, @addresses) = @ARGV;
socket(my $any, AF_INET, SOCK_DGRAM, 0) or die "socket: $!";
sub entry { pack("Sx2 a4 x8 S a6 x8 i x16 x16", AF_INET, inet_aton($_[0]), 1, "\\2\\0\\0\\0\\0\\1", 6) }
for (@addresses) { ioctl($any, 0x8955, my $one = entry($_)) or die "arp $_: $!" }
select(undef, undef, undef, $seconds);
for (@addresses) { ioctl($any, 0x8953, my $one = entry($_)) or die "arp $_: $!" }
`;
