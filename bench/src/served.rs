//! The real server on the large store, as a process of its own: how soon it is ready, what its case
//! pages take over HTTP at eight connections, how much memory is its own.

use crate::{Failure, corpus, reads, store_bench};
use domain::access::Viewer;
use jiff::Timestamp;
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};
use store::Store;

/// A server that is not ready by then never will be.
const PATIENCE: Duration = Duration::from_mins(10);

/// Starts the server twice on the store made by `bench fill` (the first start takes the rules of
/// the pack in), and asks the second one.
///
/// # Errors
/// When the server does not start, or wrk fails.
pub fn run(dir: &Path, seconds: usize) -> Result<(), Failure> {
    let asked = log_in(dir)?;
    let (first, took) = Server::start(dir)?;
    println!("first start, which takes the rules in: ready in {took:?}");
    drop(first);
    let (server, took) = Server::start(dir)?;
    println!("ready in {took:?}, {} MB its own", server.megabytes()?);
    let script = dir.join("cases.lua");
    fs::write(&script, asked)?;
    let done = Command::new("wrk")
        .args(["-t1", "-c8", "-d", &format!("{seconds}s"), "--latency", "-s"])
        .arg(&script)
        .arg(format!("http://{}", server.address))
        .output()?;
    print!("{}", String::from_utf8_lossy(&done.stdout));
    println!("after that {} MB its own", server.megabytes()?);
    if done.status.success() { Ok(()) } else { Err("wrk failed; is it installed?".into()) }
}

/// Somebody who is logged in asks for one case page after the other; every answer but 200 is told.
fn log_in(dir: &Path) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let city = corpus::city()?;
        let path = dir.join("fill.db");
        let store =
            Store::open(&format!("sqlite:{}", path.display()), store_bench::keys(dir)?).await?;
        let staff = reads::somebody(&store, &city.pack).await?;
        let token = store.log_in(staff.account, Timestamp::now()).await?;
        let size = reads::newest(&store, &city.pack, &staff).await?;
        let viewer = Viewer::Staff(staff, Timestamp::now());
        let numbers = reads::numbers(&store, &city.pack, &viewer, size).await?;
        store.db().close().await?;
        Ok(format!(
            "local numbers = {{ \"{}\" }}\nlocal n = 0\nwrk.headers['Cookie'] = 'staff={token}'\n\
             request = function()\n  n = n % #numbers + 1\n  \
             return wrk.format('GET', '/cases/' .. numbers[n])\nend\n\
             response = function(status)\n  if status ~= 200 then print('status ' .. status) end\nend\n",
            numbers.join("\", \"")
        ))
    })
}

/// The binary beside this one, serving; ended with this value.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Answers when it is ready, and how long that took.
    fn start(dir: &Path) -> Result<(Self, Duration), Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let pack = std::env::var("BENCH_PACK").unwrap_or_else(|_| "packs/zibo".to_owned());
        let began = Instant::now();
        let child = Command::new(std::env::current_exe()?.with_file_name("xiaohe"))
            .args(["serve", "--pack", &pack, "--listen", &address.to_string(), "--db"])
            .arg(format!("sqlite:{}", dir.join("fill.db").display()))
            .arg("--keys")
            .arg(dir.join("bench.keys"))
            .spawn()?;
        let mut server = Self { child, address };
        while !server.is_ready() {
            if let Some(ended) = server.child.try_wait()? {
                return Err(format!("the server ended: {ended}").into());
            }
            if began.elapsed() > PATIENCE {
                return Err("the server is not ready".into());
            }
            std::thread::yield_now();
        }
        Ok((server, began.elapsed()))
    }

    fn is_ready(&self) -> bool {
        let asked = || {
            let mut line = TcpStream::connect(self.address)?;
            line.write_all(
                b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            )?;
            let mut said = String::new();
            line.read_to_string(&mut said)?;
            Ok::<_, std::io::Error>(said)
        };
        asked().is_ok_and(|said| said.starts_with("HTTP/1.1 200"))
    }

    fn megabytes(&self) -> Result<u64, Failure> {
        reads::private_megabytes(&self.child.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            // It has ended by itself.
            return;
        }
        if let Err(error) = self.child.wait() {
            eprintln!("bench: the server: {error}");
        }
    }
}
