//! A throw-away PostgreSQL for tests: one cluster per test process, one new database per test.
//!
//! Decides where it lives (a temporary folder, a socket inside it, no port) and when it ends: a
//! guarding shell holds the read end of a pipe, and stops the server and removes the folder as
//! soon as the test process is gone, however it ended. Never skips a test: without PostgreSQL it
//! says what to install.

#![allow(clippy::doc_markdown, reason = "PostgreSQL is a name, not code")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Where Debian keeps the server's own programs, one folder per version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The oldest version that is supported.
const OLDEST: u32 = 15;
const INSTALL: &str =
    "the tests need PostgreSQL 15 or newer: run `apt-get install postgresql` as root";

/// Copies a new cluster, says where it is, and waits until nobody holds the other end of stdin.
/// `$1` is the folder of PostgreSQL's programs; `$2` runs before the start and answers options. The
/// socket's name needs a port, nothing listens on it unless those options say so. `fsync` stays
/// on: durability is part of what is tested.
///
/// To make a cluster takes seconds and to copy one a tenth of a second, so the first test process of
/// this machine leaves an empty one for all others; of two that begin together one comes too late to
/// move its own there, and copies like the rest.
const GUARD: &str = r#"
set -u
trap '' INT HUP TERM
home=$(mktemp -d "${TMPDIR:-/tmp}/xiaohe-pg.XXXXXX") || exit 1
new="${TMPDIR:-/tmp}/xiaohe-pg-new.$(id -u).$("$1/postgres" --version | cut -d' ' -f3)"
[ -O "$new" ] || {
    "$1/initdb" -D "$home/new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
    mv -T "$home/new" "$new"
} >"$home/log" 2>&1
[ -O "$new" ] && cp -a "$new" "$home/data" 2>>"$home/log" &&
more=$(eval "$2" 2>>"$home/log") &&
"$1/pg_ctl" -D "$home/data" -w -t 60 -l "$home/log" -o "-c listen_addresses='' -p 5432 \
    -c unix_socket_directories='$home' -c max_connections=300 -c fsync=on \
    -c shared_buffers=64MB $more" start >>"$home/log" 2>&1 </dev/null &&
echo "ready $home" || { tail -n 20 "$home/log"; echo failed; }
cat >/dev/null
"$1/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1
rm -rf "$home"
"#;

/// Makes a certificate for the host `localhost` that vouches for itself, another one that does not
/// belong here, and lets people in over TLS alone, by password.
const OVER_TLS: &str = r#"
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
        -addext basicConstraints=critical,CA:FALSE -keyout "$home/$2.key" -out "$home/$2.pem"
}
{
    certificate localhost server && certificate localhost other &&
    echo "local all all trust
hostssl all all 127.0.0.1/32 scram-sha-256" >"$home/data/pg_hba.conf" &&
    echo "ALTER USER postgres PASSWORD 'lotus'" |
        "$1/postgres" --single -D "$home/data" postgres
} >>"$home/log" &&
echo "-c listen_addresses=127.0.0.1 -p $XIAOHE_PORT -c ssl=on \
    -c ssl_cert_file=$home/server.pem -c ssl_key_file=$home/server.key"
"#;

/// A server that is reached over TLS by the user `postgres` with the password `lotus`; it ends
/// with the test process.
#[derive(Debug)]
pub struct TlsServer {
    /// Its port on `localhost`.
    pub port: u16,
    /// Its certificate, made out to `localhost` by itself.
    pub certificate: PathBuf,
    /// A certificate made out to the same name by somebody else.
    pub other: PathBuf,
    _cluster: Cluster,
}

impl TlsServer {
    /// Starts one.
    ///
    /// # Panics
    /// When PostgreSQL or openssl is not installed or does not start, with the reason.
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = free.unwrap_or_else(|why| panic!("a free port: {why}")).port();
        let prepare = format!("XIAOHE_PORT={port}\n{OVER_TLS}");
        let cluster = start(&prepare).unwrap_or_else(|why| panic!("{why}"));
        let file = |name: &str| cluster.home.join(name);
        Self { port, certificate: file("server.pem"), other: file("other.pem"), _cluster: cluster }
    }
}

#[derive(Debug)]
struct Cluster {
    home: PathBuf,
    programs: PathBuf,
    /// Its open stdin keeps the server alive.
    _guard: Child,
}

/// The address of a new, empty database, as `postgres://…`. It disappears with the test process.
///
/// # Panics
/// When PostgreSQL is not installed or does not start, with the reason.
pub fn fresh_database() -> String {
    static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    if cluster.is_none() {
        *cluster = Some(start("").unwrap_or_else(|why| panic!("{why}")));
    }
    let Some(Cluster { home, programs, .. }) = cluster.as_ref() else {
        unreachable!("the cluster was started above")
    };
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let created = Command::new(programs.join("createdb"))
        .args(["-U", "postgres", "-h"])
        .arg(home)
        .arg(&name)
        .output();
    match created {
        Ok(output) if output.status.success() => address(home, &name),
        Ok(output) => panic!("createdb: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("createdb: {error}"),
    }
}

/// Ends only when nobody else is connected to the database: what a killed client had sent may be
/// committed after its death. Answers at once for a database that is no PostgreSQL.
///
/// # Panics
/// When the server cannot be asked.
pub fn until_alone(url: &str) {
    const WAIT: &str = "DO $$ BEGIN
        WHILE EXISTS (SELECT 1 FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()) LOOP
            PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
        END LOOP;
    END $$";
    if !url.starts_with("postgres:") {
        return;
    }
    let psql = programs().expect(INSTALL).join("psql");
    let asked = Command::new(psql).args(["-q", "-v", "ON_ERROR_STOP=1", "-c", WAIT, url]).output();
    let asked = asked.expect("psql");
    assert!(asked.status.success(), "psql: {}", String::from_utf8_lossy(&asked.stderr));
}

/// The whole database as `pg_dump` writes it.
///
/// # Panics
/// When it cannot be dumped.
pub fn dump(url: &str) -> Vec<u8> {
    let program = programs().expect(INSTALL).join("pg_dump");
    let dumped = Command::new(program).arg(url).output().expect("pg_dump");
    assert!(dumped.status.success(), "pg_dump: {}", String::from_utf8_lossy(&dumped.stderr));
    dumped.stdout
}

/// The socket's folder stands where the host does, percent-encoded.
fn address(home: &Path, name: &str) -> String {
    let mut host = String::new();
    for byte in home.as_os_str().as_encoded_bytes() {
        let _ = write!(host, "%{byte:02X}");
    }
    format!("postgres://postgres@{host}:5432/{name}")
}

fn start(prepare: &str) -> Result<Cluster, String> {
    let programs = programs().ok_or(INSTALL)?;
    let mut guard = shell();
    // A process group of its own: Ctrl-C must reach the tests, not the guard.
    let mut guard = guard
        .args(["-c", GUARD, "guard"])
        .arg(&programs)
        .arg(prepare)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("starting PostgreSQL: {e}"))?;
    let mut said = String::new();
    let lines = guard.stdout.take().map(|out| BufReader::new(out).lines());
    for line in lines.into_iter().flatten().map_while(Result::ok) {
        if let Some(home) = line.strip_prefix("ready ") {
            return Ok(Cluster { home: home.into(), programs, _guard: guard });
        }
        if line == "failed" {
            break;
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(format!("PostgreSQL did not start:\n{said}"))
}

/// PostgreSQL refuses to run as root; then its own user runs it.
fn shell() -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| {
        use std::os::unix::fs::MetadataExt;
        process.uid() == 0
    });
    if !root {
        return Command::new("sh");
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--", "sh"]);
    command
}

/// The newest installed version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).ok()?.filter_map(|entry| {
        let version = entry.ok()?.file_name().to_str()?.parse::<u32>().ok()?;
        let folder = Path::new(DEBIAN).join(version.to_string()).join("bin");
        let usable = version >= OLDEST && folder.join("initdb").exists();
        usable.then_some((version, folder))
    });
    versions.max_by_key(|(version, _)| *version).map(|(_, folder)| folder)
}
