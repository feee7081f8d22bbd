//! A folder with a sample city, and the binary run in it.

use jiff::Timestamp;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
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

    /// Deadlines of today reach next year, whose holidays may not be known yet when this runs.
    fn add_years(&self) {
        let this = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
        for year in [this, this + 1, this + 2] {
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
