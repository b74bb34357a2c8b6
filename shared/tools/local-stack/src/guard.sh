# Ends the process $1 and everything it started, when standard input closes.
# A line on standard input says that the process is gone already and there is nothing left to end.
#
# The writing end of the pipe is held by the process that started $1. It closes when that one stops the
# process, but also when that one panics, is interrupted or is killed: nothing is left behind in any case.
trap '' HUP INT TERM
read -r gone && exit 0

children() {
    if [ -r "/proc/$1/task/$1/children" ]; then
        # By thread: each lists the children that it started itself.
        cat "/proc/$1"/task/*/children 2>/dev/null
    else
        ps -A -o pid= -o ppid= | awk -v parent="$1" '$2 == parent { print $1 }'
    fi
}
descendants() {
    for child in $(children "$1"); do
        echo "$child"
        descendants "$child"
    done
}
# Taken before anything is told to end: an orphan no longer shows whose child it was.
all="$1 $(descendants "$1")"

any_alive() {
    for pid in $all; do
        kill -0 "$pid" 2>/dev/null && return 0
    done
    return 1
}
for pid in $all; do
    kill -TERM "$pid" 2>/dev/null
done
tenths=0
while any_alive && [ $tenths -lt 50 ]; do
    sleep 0.1
    tenths=$((tenths + 1))
done
for pid in $all; do
    kill -KILL "$pid" 2>/dev/null
done
exit 0
