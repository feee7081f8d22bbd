//! `cargo xtask demo`: everything built, a demonstration city loaded, served on this machine.
//!
//! The build uses the `demo` profile: as fast as a release for the eye, without the link-time
//! optimisation that would make the first start wait. It never listens beyond loopback.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use crate::flags::Flags;
use crate::{Failure, node, run};

/// What to show, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Demo {
    scale: String,
    port: u16,
    pack: String,
}

impl Demo {
    /// Reads the flags; the defaults are the two-commands promise of the design.
    pub fn parse(arguments: &[String]) -> Result<Demo, Failure> {
        let flags = Flags::parse(arguments, &["--scale", "--port", "--pack"], &[])?;
        let scale = flags.value("--scale").unwrap_or("small");
        if !["small", "city"].contains(&scale) {
            return Err(Failure::NotReady(format!("`--scale {scale}`: small or city")));
        }
        let port = flags.value("--port").unwrap_or("12338");
        let port = port
            .parse()
            .map_err(|_| Failure::NotReady(format!("`--port {port}` is no port number")))?;
        let pack = flags.value("--pack").unwrap_or("packs/jinan").to_owned();
        Ok(Demo { scale: scale.to_owned(), port, pack })
    }

    fn arguments(&self) -> Vec<String> {
        // Each city and each scale keeps its own file, so that no two are ever mixed.
        let city = Path::new(&self.pack).file_name().unwrap_or_default().to_string_lossy();
        let db = format!("sqlite:var/{city}-{}.db", self.scale);
        let listen = format!("127.0.0.1:{}", self.port);
        let pairs = [
            ("--pack", &self.pack),
            ("--scale", &self.scale),
            ("--db", &db),
            ("--listen", &listen),
        ];
        let pairs = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value.clone()]);
        std::iter::once("demo".to_owned()).chain(pairs).collect()
    }
}

/// Builds and serves; comes back only when something failed.
pub fn run(root: &Path, demo: &Demo) -> Result<(), Failure> {
    node::build_islands(root)?;
    run::go(run::cargo(root, &["build", "--profile", "demo", "--package", "xiaohe"]))?;
    std::fs::create_dir_all(root.join("var"))
        .map_err(|error| Failure::Failed(format!("the folder var/ cannot be made: {error}")))?;
    let arguments = demo.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let binary = run::target_folder(root).join("demo/xiaohe");
    let mut server = run::command(root, &binary.to_string_lossy(), &arguments);
    server.stdin(Stdio::inherit());
    println!("$ {}", run::shown(&server));
    // Becoming the server, instead of waiting for it, leaves one process: Ctrl-C, a signal or a
    // closed terminal reaches the server itself and nothing stays behind.
    let error = server.exec();
    Err(Failure::Failed(format!("{} did not start: {error}", binary.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Result<String, Failure> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Demo::parse(&words).map(|demo| demo.arguments().join(" "))
    }

    #[test]
    fn the_flags_become_the_servers_own() {
        let cases = [
            (
                "",
                "demo --pack packs/jinan --scale small --db sqlite:var/jinan-small.db \
                 --listen 127.0.0.1:12338",
            ),
            (
                "--scale city --port 9000 --pack packs/zibo",
                "demo --pack packs/zibo --scale city --db sqlite:var/zibo-city.db \
                 --listen 127.0.0.1:9000",
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(arguments(line).unwrap(), expected);
        }
    }

    #[test]
    fn a_wrong_scale_or_port_is_refused_before_anything_is_built() {
        for line in ["--scale huge", "--port 70000", "--port web"] {
            assert!(matches!(arguments(line), Err(Failure::NotReady(_))), "{line}");
        }
    }
}
