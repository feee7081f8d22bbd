//! What the tests need from the machine, how to see that it is there, and how to get it.
//!
//! Never touches a machine that already has everything, and never tries `sudo`: without root it
//! says what to install and stops.

use std::path::Path;

use crate::{Failure, run};

/// One Debian package that some tests cannot do without.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    package: &'static str,
    why: &'static str,
    /// Any one of these means that the need is met: a file that is there, or a command (it does
    /// not begin with a slash) that ends well.
    signs: &'static [&'static str],
}

/// The browser that opens the pages.
pub const CHROMIUM: Need = Need {
    package: "chromium",
    why: "opens the pages in the browser tests",
    signs: &["/usr/bin/chromium"],
};

/// The database server; the tests start their own, in a folder of their own.
pub const POSTGRESQL: Need = Need {
    package: "postgresql-15",
    why: "the store's tests run on it beside SQLite",
    signs: &[
        "/usr/lib/postgresql/15/bin/initdb",
        "/usr/lib/postgresql/16/bin/initdb",
        "/usr/lib/postgresql/17/bin/initdb",
        "/usr/lib/postgresql/18/bin/initdb",
    ],
};

/// Without Chinese fonts every picture of a page shows boxes, and line widths mean nothing.
pub const FONTS: Need = Need {
    package: "fonts-noto-cjk",
    why: "shows Chinese text in the browser tests",
    signs: &["/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"],
};

/// Python's own tools to make an environment and install packages into it.
pub const PYTHON: Need = Need {
    package: "python3-venv",
    why: "installs the programs that check the API from outside",
    signs: &["python3 -m ensurepip --version"],
};

/// Sees to it that every need is met, installing through apt when run by root.
pub fn provide(root: &Path, needs: &[&Need]) -> Result<(), Failure> {
    let missing = missing(needs, |sign| is_there(root, sign));
    if missing.is_empty() {
        return Ok(());
    }
    let apt = Path::new("/usr/bin/apt-get").exists();
    if !(apt && is_root()) {
        return Err(Failure::NotReady(advice(&missing)));
    }
    // An old package list may still do, so only the install itself decides.
    if let Err(Failure::Failed(message) | Failure::NotReady(message)) = apt_get(root, &["update"]) {
        eprintln!("{message}; going on with the package lists that are there");
    }
    let packages = missing.iter().map(|need| need.package);
    let arguments: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(packages).collect();
    apt_get(root, &arguments)?;
    let still = self::missing(needs, |sign| is_there(root, sign));
    if still.is_empty() { Ok(()) } else { Err(Failure::NotReady(advice(&still))) }
}

fn is_there(root: &Path, sign: &str) -> bool {
    if sign.starts_with('/') {
        return Path::new(sign).exists();
    }
    let mut words = sign.split_whitespace();
    let program = words.next().unwrap_or_default();
    run::succeeds(run::command(root, program, &words.collect::<Vec<_>>()))
}

fn apt_get(root: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = run::command(root, "apt-get", arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    run::go(command)
}

fn missing<'a>(needs: &[&'a Need], exists: impl Fn(&str) -> bool) -> Vec<&'a Need> {
    needs.iter().copied().filter(|need| !need.signs.iter().any(|sign| exists(sign))).collect()
}

fn advice(missing: &[&Need]) -> String {
    let reasons: Vec<String> =
        missing.iter().map(|need| format!("  {:16} {}", need.package, need.why)).collect();
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    format!(
        "The tests need packages that are not on this machine:\n{}\n\
         Run this as root, then try again:\n  apt-get update && apt-get install --yes {}",
        reasons.join("\n"),
        packages.join(" ")
    )
}

/// Whether apt would be allowed: asked of `id`, as the standard library does not tell.
fn is_root() -> bool {
    let id = std::process::Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_missing_and_any_newer_server_will_do() {
        let all = [&CHROMIUM, &POSTGRESQL, &FONTS];
        assert_eq!(missing(&all, |_| true), [] as [&Need; 0]);
        assert_eq!(missing(&all, |_| false), all);
        let found = missing(&all, |sign| sign.contains("postgresql/17"));
        assert_eq!(found, [&CHROMIUM, &FONTS]);
    }

    #[test]
    fn a_sign_is_a_file_or_a_command() {
        let here = Path::new(".");
        for (sign, expected) in [
            ("/dev/null", true),
            ("/no/such/file", false),
            ("test 1 -eq 1", true),
            ("test 1 -eq 2", false),
            ("no-such-program --version", false),
        ] {
            assert_eq!(is_there(here, sign), expected, "{sign}");
        }
    }

    #[test]
    fn the_advice_is_a_command_that_can_be_pasted() {
        let text = advice(&[&CHROMIUM, &FONTS]);
        assert!(text.ends_with("apt-get install --yes chromium fonts-noto-cjk"), "{text}");
        assert!(text.contains(CHROMIUM.why));
    }
}
