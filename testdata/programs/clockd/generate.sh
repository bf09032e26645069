#!/bin/sh
# Captures what time daemons and their clients print about clocks whose error is known, into the folder given.
# Needs Debian's chrony, ntpsec, linuxptp, systemd-timesyncd, dbus, prometheus-node-exporter and curl, root for
# namespaces, cc and go. No daemon can set the machine's clock: each runs in namespaces of its own, without
# CAP_SYS_TIME, on the virtual clock of shim/shim.c where it would set one.
#
#   sh generate.sh ../../specimens/clockd
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 700 "$work"
cc -shared -fPIC -O1 -o "$work/shim.so" "$here/shim/shim.c" -ldl
(cd "$here" && go build -o "$work/clockd" .)
PATH=$PATH:/usr/sbin:/lib/systemd
plain="setpriv --bounding-set=-sys_time --inh-caps=-sys_time"
export work out PATH plain

# Two machines and the wire between them: the server is 10.99.0.1 in a, what is captured runs in b.
a=clockd-$$-a b=clockd-$$-b
ip netns add $a && ip netns add $b
trap 'ip netns del $a; ip netns del $b; rm -rf "$work"' EXIT
ip link add clkd0 netns $a type veth peer name clkd1 netns $b
for n in $a $b; do ip -n $n link set lo up; done
ip -n $a link set clkd0 up && ip -n $b link set clkd1 up
ip -n $a addr add 10.99.0.1/24 dev clkd0 && ip -n $b addr add 10.99.0.2/24 dev clkd1

# chronyd finds its clock 1.5 s ahead and sets it back; 12 s later its server is 0.4 s further ahead.
cat >"$work/chrony.conf" <<END
server 10.99.0.1 minpoll 0 maxpoll 0 iburst
cmdport 0
bindcmdaddress /
port 0
pidfile $work/chronyd.pid
logdir $work
log tracking
logchange 0.05
makestep 0.1 -1
END
ip netns exec $a "$work/clockd" 10.99.0.1:123 0s 12s 400ms &
server=$!
SHIM_OFFSET=1500000000 SHIM_LOG="$work/steps" LD_PRELOAD="$work/shim.so" timeout 25 \
	ip netns exec $b $plain chronyd -d -u root -f "$work/chrony.conf" 2>"$out/chronyd.log" || true
kill $server
cp "$work/tracking.log" "$out/tracking.stepped.log"
cp "$work/steps" "$out/chronyd.steps"

# ntpd and systemd-timesyncd are told that their clock is 12.345678 ms ahead.
ip netns exec $a "$work/clockd" 10.99.0.1:123 -12345678ns &
server=$!
cat >"$work/ntp.conf" <<END
statsdir $work/
statistics loopstats
restrict 127.0.0.1
filegen loopstats file loopstats type none enable
server 10.99.0.1 minpoll 3 maxpoll 3 iburst
END
SHIM_STAMPS=1 LD_PRELOAD="$work/shim.so" timeout 75 ip netns exec $b $plain ntpd -n -c "$work/ntp.conf" -l "$work/ntpd.log" 2>/dev/null &
sleep 50
cp "$work/loopstats" "$out/loopstats"
ip netns exec $b ntpq -n -c rv 127.0.0.1 >"$out/ntpq-rv.txt"

# timesyncd is asked over a bus of its own.
cat >"$work/bus.conf" <<END
<busconfig><type>system</type><listen>unix:path=/run/systemd/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
END
ip netns exec $b unshare -m sh -c 'mount -t tmpfs tmpfs /run/systemd; mkdir -p /run/systemd/system /run/systemd/timesync /run/systemd/netif
	mount -t tmpfs tmpfs /etc/systemd; printf "[Time]\nNTP=10.99.0.1\n" >/etc/systemd/timesyncd.conf
	mount -t tmpfs tmpfs /var/lib/systemd
	cp "$work/shim.so" /run/systemd/; chmod 755 /run/systemd/shim.so
	dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile 2>/dev/null & bus=$!
	sleep 0.5
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/systemd/bus
	SHIM_STAMPS=1 LD_PRELOAD=/run/systemd/shim.so systemd-timesyncd 2>/dev/null & daemon=$!
	sleep 12
	TZ=UTC timedatectl timesync-status >"$out/timesync-status.txt"; TZ=UTC timedatectl show-timesync >"$out/show-timesync.txt"
	kill $daemon $bus' || true
kill $server

# ptp4l on both sides with software time stamps; both are on one clock.
timeout 45 ip netns exec $a $plain ptp4l -4 -S -i clkd0 -m --free_running 1 --uds_address "$work/ptp-a" >/dev/null 2>&1 &
SHIM_STAMPS=1 LD_PRELOAD="$work/shim.so" timeout 45 ip netns exec $b $plain ptp4l -4 -S -s -i clkd1 -m --uds_address "$work/ptp-b" >"$out/ptp4l.log" 2>&1 || true
wait

# phc2sys finds the system's clock 12.345678 ms ahead of the network card's, and sets it back.
SHIM_OFFSET=12345678 SHIM_LOG="$work/phc.steps" LD_PRELOAD="$work/shim.so" timeout 8 \
	$plain phc2sys -s /dev/ptp0 -c CLOCK_REALTIME -O 0 -m -q >"$out/phc2sys.log" 2>/dev/null || true
cp "$work/phc.steps" "$out/phc2sys.steps"

# What node_exporter says of this machine's kernel.
ip netns exec $b unshare -u sh -c 'hostname node-1; exec prometheus-node-exporter --collector.disable-defaults \
	--collector.timex --collector.time --collector.uname --web.listen-address=127.0.0.1:9100' 2>/dev/null &
exporter=$!
sleep 2
ip netns exec $b curl -s 127.0.0.1:9100/metrics >"$out/node.prom"
kill $exporter
