# machine.sh: what demo/run, test/run and bench/run need of a machine. A bash library:
#
#   set -euo pipefail
#   . "$(dirname "${BASH_SOURCE[0]}")/../tools/machine.sh"
#   need_packages "${CV_BUILD_PACKAGES[@]}"
#   build_extension
#   server_start work_mem=64MB
#   psql -X -c 'SELECT version()'
#
# It runs as root or as a user with sudo. The server runs as an unprivileged user, on a
# socket in a temporary folder that nobody else can enter; clusters of the machine are
# never touched. Whatever ends the script, the server and the folder go with it.
#
# Settings from the environment:
#   PG_CONFIG  the PostgreSQL to build for; nothing of PostgreSQL is installed then
#   PG_MAJOR   else: the major version to install and to use, 15 by default
#   TMPDIR     where the temporary folder is made
#
# It sets CV_ROOT (the checkout), CV_TEMP (the temporary folder, once there is one),
# CV_USER (who runs the server) and, from server_start on, PGHOST PGPORT PGUSER PGDATABASE.

CV_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CV_TEMP=
CV_KEEP=
CV_SERVER=
CV_CHILD=
CV_STARTED=$SECONDS
CV_AT_EXIT=()    # functions to run first on the way out
CV_GUARDS=()     # files that exist only while packages are installed

# A caller's PostgreSQL settings must not lead to a caller's server, nor a caller's
# make, locale or time zone into the results.
for _name in $(compgen -e PG); do
    case $_name in PG_CONFIG | PG_MAJOR) ;; *) unset "$_name" ;; esac
done
unset _name MAKEFLAGS MAKELEVEL MFLAGS CDPATH LANGUAGE PERL5LIB
export LC_ALL=C.UTF-8 LANG=C.UTF-8 TZ=UTC
umask 022

: "${PG_MAJOR:=15}"
if [ "$(id -u)" = 0 ]; then
    CV_USER=postgres # made by PostgreSQL's packages
else
    CV_USER=$(id -un)
fi

# The packages a build needs, and those that the tests need besides.
CV_BUILD_PACKAGES=(make gcc libc6-dev)
CV_TEST_PACKAGES=(libtap-parser-sourcehandler-pgtap-perl libipc-run-perl)
CV_BROWSER_PACKAGES=(chromium fonts-inter)
if [ -z "${PG_CONFIG:-}" ]; then
    CV_BUILD_PACKAGES+=("postgresql-$PG_MAJOR" "postgresql-server-dev-$PG_MAJOR")
    CV_TEST_PACKAGES+=("postgresql-$PG_MAJOR-pgtap")
fi
# What each database driver needs that a test reads with. ecj compiles without a JDK; npm
# brings node's own driver, and may be there without a package.
CV_JDBC_PACKAGES=(default-jre-headless ecj libpostgresql-jdbc-java)
CV_PSYCOPG_PACKAGES=(python3-psycopg)
CV_ODBC_PACKAGES=(unixodbc odbc-postgresql)

# --- words ------------------------------------------------------------------------------

# say WORDS: a line of progress, with the seconds since the start.
say() {
    printf '[%3d s] %s\n' $((SECONDS - CV_STARTED)) "$*" >&2
}

# die WORDS: the last line of a script that cannot go on.
die() {
    say "error: $*"
    exit 1
}

# quietly LOG COMMAND...: run the command with its output in LOG. Returns its status. It
# gets a process group of its own, so that a signal to this script can end all of it.
quietly() {
    local log=$1 status=0
    shift
    set -m
    "$@" > "$log" 2>&1 < /dev/null &
    CV_CHILD=$!
    set +m
    wait "$CV_CHILD" || status=$?
    CV_CHILD=
    return $status
}

# step WORDS COMMAND...: say WORDS, run the command, and show what it printed only if it
# fails; then the script ends.
step() {
    local words=$1 log
    shift
    log=$(mktemp "${CV_TEMP:-${TMPDIR:-/tmp}}/step.XXXXXX")
    say "$words"
    if ! quietly "$log" "$@"; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        die "failed: $*"
    fi
    rm -f "$log"
}

# --- users ------------------------------------------------------------------------------

# as_root COMMAND...: with the rights to write system folders.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        die "this needs root or sudo: $*"
    fi
}

# as_user COMMAND...: as the user that runs the server, in the temporary folder (a folder
# of root's may be closed to that user), with a home of its own.
as_user() {
    (
        cd "$CV_TEMP"
        set -- env HOME="$CV_TEMP" TMPDIR="$CV_TEMP/tmp" \
            PATH="$PATH" "$@"
        if [ "$(id -u)" = 0 ]; then
            exec runuser -u "$CV_USER" -- "$@"
        else
            exec "$@"
        fi
    )
}

# as_owner FOLDER COMMAND...: in the folder, as the one to whom it belongs if root runs
# this, so that root leaves no files behind in somebody's checkout.
as_owner() {
    local owner
    owner=$(stat -c %U "$1")
    (
        cd "$1"
        shift
        if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && id "$owner" > /dev/null 2>&1; then
            exec runuser -u "$owner" -- env PATH="$PATH" "$@"
        else
            exec "$@"
        fi
    )
}

# --- packages ---------------------------------------------------------------------------

package_is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# guard FILE MODE TEXT: lay down a file for the time of the installation, unless there is
# one already.
guard() {
    [ -e "$1" ] && return
    as_root mkdir -p "$(dirname "$1")"
    CV_GUARDS+=("$1")
    printf '%s\n' "$3" | as_root tee "$1" > /dev/null
    as_root chmod "$2" "$1"
}

remove_guards() {
    local file
    for file in ${CV_GUARDS[@]+"${CV_GUARDS[@]}"}; do
        as_root rm -f "$file"
        as_root rmdir --ignore-fail-on-non-empty "$(dirname "$file")" 2> /dev/null || true
    done
    CV_GUARDS=()
}

# need_packages NAME...: install the Debian packages that are missing, and nothing else.
# Meanwhile no cluster is created and no service started or stopped.
need_packages() {
    try_packages "$@" || die "missing: $*"
}

# try_packages NAME...: the same, and its status tells whether they are there.
try_packages() {
    local name log missing=() status=0
    if ! command -v apt-get > /dev/null; then
        say "no apt-get here; expecting what these packages hold: $*"
        return
    fi
    for name; do
        package_is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return
    if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
        say "this needs root or sudo: installing ${missing[*]}"
        return 1
    fi

    say "installing ${missing[*]}"
    log=$(mktemp)
    guard /etc/postgresql-common/createcluster.d/customer_value.conf 644 \
        'create_main_cluster = false'
    guard /usr/sbin/policy-rc.d 755 $'#!/bin/sh\nexit 101'
    # In the foreground: dpkg is not to be cut off half-way.
    as_root apt-get update -qq > "$log" 2>&1 || say 'apt-get update failed; trying on'
    if ! as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 \
        -o DPkg::Lock::Timeout=300 "${missing[@]}" >> "$log" 2>&1 < /dev/null; then
        tail -n 60 "$log" >&2
        status=1
    fi
    rm -f "$log"
    remove_guards
    return $status
}

# try_npm: npm is there, or comes from Debian.
try_npm() {
    command -v npm > /dev/null && return
    try_packages nodejs npm
}

# find_postgres: settle PG_CONFIG, and put its programs first in PATH.
find_postgres() {
    local debian=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config
    if [ -z "${PG_CONFIG:-}" ]; then
        if [ -x "$debian" ]; then PG_CONFIG=$debian; else PG_CONFIG=pg_config; fi
    fi
    command -v "$PG_CONFIG" > /dev/null || die "no $PG_CONFIG: is PostgreSQL installed?"
    [ -e "$("$PG_CONFIG" --pgxs)" ] ||
        die "$PG_CONFIG has no PGXS: PostgreSQL's server development package is missing"
    export PG_CONFIG PATH
    case $PATH in "$("$PG_CONFIG" --bindir)":*) ;; *) PATH=$("$PG_CONFIG" --bindir):$PATH ;; esac
    if [ "$(id -u)" = 0 ] && ! id "$CV_USER" > /dev/null 2>&1; then
        CV_USER=nobody # a PostgreSQL that no package brought
    fi
}

# --- building ---------------------------------------------------------------------------

# make_temp: the temporary folder, owned by the user that runs the server and closed to
# everybody else but root.
make_temp() {
    local base
    [ -n "$CV_TEMP" ] && return
    # A TMPDIR of root's own is no use to that user, and a socket's path must be short.
    for base in "${TMPDIR:-/tmp}" /tmp; do
        [ ${#base} -le 40 ] || continue
        CV_TEMP=$(mktemp -d "$base/customer_value.XXXXXX") || continue
        [ "$(id -u)" = 0 ] && chown "$CV_USER" "$CV_TEMP"
        if as_user mkdir "$CV_TEMP/tmp" 2> /dev/null; then
            return
        fi
        rm -rf "$CV_TEMP"
        CV_TEMP=
    done
    die 'no temporary folder that both this user and the server can use'
}

# copy_sources FOLDER: a copy of the checkout without anything built, below CV_TEMP and
# owned by the user that runs the server. That user may be unable to read the checkout,
# and tests are not to write into it.
copy_sources() {
    mkdir -p "$1"
    tar -C "$CV_ROOT" -cf - --exclude=./.git --exclude=./build --exclude=./results \
        --exclude=./tmp_check --exclude=./output_iso --exclude='*.o' --exclude='*.bc' \
        --exclude='*.so' --exclude=./test/unit/evaluate . | tar -C "$1" -xf - --no-same-owner
    find "$1/sql" -maxdepth 1 -name 'customer_value--*.sql' \
        ! -name 'customer_value--*--*.sql' -delete 2> /dev/null || true
    chmod -R u+rwX "$1"
    if [ "$(id -u)" = 0 ]; then
        chown -R "$CV_USER" "$1"
    fi
}

# compile_in FOLDER MAKE_ARGUMENTS...: make, with both cores, as whom the folder belongs to.
compile_in() {
    local folder=$1
    shift
    as_owner "$folder" make -j2 PG_CONFIG="$PG_CONFIG" "$@"
}

install_from() {
    local folder=$1
    shift
    as_root make -C "$folder" install PG_CONFIG="$PG_CONFIG" "$@"
}

# build_extension [FOLDER [MAKE_ARGUMENTS...]]: compile and install, out of FOLDER or
# else out of the checkout, where a second time is quick.
build_extension() {
    local folder=${1:-$CV_ROOT}
    [ $# -gt 0 ] && shift
    find_postgres
    make_temp
    if [ ! -w "$folder" ]; then
        folder=$CV_TEMP/build
        copy_sources "$folder"
    fi
    step "compiling customer_value for $("$PG_CONFIG" --version)" compile_in "$folder" "$@"
    as_root true # a password is asked for here, not in the background
    step 'installing it' install_from "$folder" "$@"
}

# --- the server -------------------------------------------------------------------------

# server_start [NAME=VALUE...]: a new server of its own, with these settings on top of
# those for tests. Its superuser is postgres, its log $CV_TEMP/server.log.
server_start() {
    find_postgres
    make_temp
    step 'starting a private PostgreSQL server' server_create "$@"
    CV_SERVER=1
    export PGHOST=$CV_TEMP PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

server_create() {
    local setting
    as_user initdb --pgdata="$CV_TEMP/data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync || return
    {
        cat << SETTINGS
listen_addresses = ''
port = 5432
unix_socket_directories = '$CV_TEMP'
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 256MB
max_wal_size = 4GB
max_connections = 50
max_worker_processes = 8
max_parallel_workers = 4
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
SETTINGS
        for setting; do
            printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
        done
    } >> "$CV_TEMP/data/postgresql.conf"
    if ! as_user pg_ctl --pgdata="$CV_TEMP/data" --log="$CV_TEMP/server.log" \
        --wait --silent start; then
        cat "$CV_TEMP/server.log"
        return 1
    fi
}

# server_stop: end the server and remove the temporary folder with all that is in it.
server_stop() {
    if [ -n "$CV_TEMP" ] && [ -e "$CV_TEMP/data/postmaster.pid" ]; then
        as_user pg_ctl --pgdata="$CV_TEMP/data" --mode=immediate --silent stop \
            > /dev/null 2>&1 || say "could not stop the server in $CV_TEMP"
    fi
    CV_SERVER=
    if [ -n "$CV_TEMP" ]; then
        rm -rf "$CV_TEMP"
    fi
    CV_TEMP=
}

# server_keep: leave the server up when the script ends, and say how to use and end it.
server_keep() {
    local user=''
    CV_KEEP=1
    [ "$(id -u)" = 0 ] && user="runuser -u $CV_USER -- "
    cat << HOW
The server stays up. To use it:
    psql -h $PGHOST -p $PGPORT -U $PGUSER -d $PGDATABASE
To end it:
    ${user}$("$PG_CONFIG" --bindir)/pg_ctl -D $CV_TEMP/data -m fast stop; rm -rf $CV_TEMP
HOW
}

# --- the end ----------------------------------------------------------------------------

clean_up() {
    local status=$? hook
    trap - EXIT
    trap '' INT TERM HUP
    set +e
    if [ -n "$CV_CHILD" ]; then
        kill -- "-$CV_CHILD" 2> /dev/null
        wait "$CV_CHILD" 2> /dev/null
    fi
    for hook in ${CV_AT_EXIT[@]+"${CV_AT_EXIT[@]}"}; do
        "$hook"
    done
    [ -n "$CV_KEEP" ] || server_stop
    remove_guards
    exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
