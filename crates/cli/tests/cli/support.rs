//! A folder with a sample city, and the binary run in it.

use serde_json::Value;
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

/// A folder of its own, with a city, removed at the end.
pub struct Town {
    pub dir: PathBuf,
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Town {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("xiaohe-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        copy(&root.join("packs/common"), &dir.join("packs/common"));
        copy(&root.join("crates/testkit/city"), &dir.join("packs/sample"));
        let town = Self { dir };
        town.edit("packs/sample/pack.toml", "../../../packs/common", "../common");
        town.add_years();
        town
    }

    /// Every city with a pack.
    pub fn cities() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
        let dirs = fs::read_dir(root).expect("packs").map(|entry| entry.expect("an entry").path());
        let mut dirs: Vec<PathBuf> = dirs.filter(|dir| dir.join("pack.toml").exists()).collect();
        dirs.sort();
        dirs
    }

    /// The same with the pack of a real city.
    pub fn of(city: &Path) -> Self {
        let town = Self::new();
        fs::remove_dir_all(town.path("packs/sample")).expect("a folder");
        copy(city, &town.path("packs/sample"));
        town
    }

    /// Deadlines of today reach next year, whose holidays may not be known yet when this runs.
    fn add_years(&self) {
        for year in 2026..2060 {
            let path = self.path(&format!("packs/common/calendar/{year}.csv"));
            if !path.exists() {
                fs::write(path, "date,workday,name\n").expect("a year");
            }
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file");
    }

    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).expect("a file");
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, text.replacen(from, to, 1));
    }

    /// The binary with the city, a database and a key file of this folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiaohe"));
        command
            .args(args)
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("XIAOHE_PACK", "packs/sample")
            .env("XIAOHE_DB", "sqlite:data/city.db")
            .env("XIAOHE_KEYS", "city.keys")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs with `--json`; answers the exit status and what was printed.
    pub fn json(&self, args: &[&str]) -> (i32, Value) {
        let out = self.run(&[&["--json"], args].concat());
        let text = String::from_utf8_lossy(&out.stdout);
        let value = serde_json::from_str(&text).unwrap_or_else(|_| {
            panic!("{args:?}: {text}\n{}", String::from_utf8_lossy(&out.stderr))
        });
        (out.status.code().unwrap_or(-1), value)
    }

    pub fn make_keys(&self) {
        let out = self.run(&["keys", "create", "city.keys"]);
        assert!(out.status.success(), "{out:?}");
    }

    /// Verifies, and answers how many cases there are.
    pub fn sound(&self) -> u64 {
        let (status, report) = self.json(&["verify"]);
        assert_eq!(status, 0, "{report}");
        assert_eq!(report["troubles"], Value::Array(Vec::new()));
        report["cases"].as_u64().expect("a number of cases")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A server of the built binary; killed when it is dropped.
pub struct Server {
    child: Child,
    port: u16,
    said: Arc<Mutex<String>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Server {
    /// Starts the command on a free port and waits until the address is printed, which is after
    /// everything is there.
    pub fn start(mut command: Command) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let listen = format!("127.0.0.1:{port}");
        command.args(["--listen", &listen]).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut says = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut before = Vec::new();
        let address = says.by_ref().map_while(Result::ok).find(|line| {
            before.push(line.clone());
            line.starts_with("http://")
        });
        assert_eq!(address, Some(format!("http://{listen}")), "{before:#?}");
        // Nobody may be stopped by a full pipe.
        let said = Arc::new(Mutex::new(before.join("\n")));
        let heard = said.clone();
        std::thread::spawn(move || {
            for line in says.map_while(Result::ok) {
                *heard.lock().expect("a listener") += &line;
            }
        });
        Self { child, port, said }
    }

    /// Everything that it has said to its operators, once it has ended.
    pub fn last_words(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().expect("kill").success());
        assert!(self.child.wait().expect("an end").success(), "it ends in peace");
        // The listener ends with the pipe, and the pipe with the child.
        while Arc::strong_count(&self.said) > 1 {
            std::thread::yield_now();
        }
        self.said.lock().expect("a listener").clone()
    }

    pub fn line(&self) -> io::Result<Line> {
        Line::open(self.port)
    }

    /// Kill -9, and the end of it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, which it must do in peace.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().expect("kill").success());
        assert!(self.child.wait().expect("an end").success(), "it ends in peace");
    }
}

/// A connection that is kept for many questions.
pub struct Line(BufReader<TcpStream>);

impl Line {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks, and answers status and body. An error means that the answer did not come whole.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<(u16, String)> {
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers = headers.collect::<Vec<_>>().concat();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        let status = self.head_line()?;
        let status = status.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let mut length = None;
        loop {
            let line = self.head_line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.parse().ok();
            }
        }
        let mut body = vec![0; length.expect("an answer with a length")];
        self.0.read_exact(&mut body)?;
        Ok((status, String::from_utf8(body).expect("an answer in UTF-8")))
    }

    fn head_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(whole) => Ok(whole.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
