//! Runs one outside program and tells how it ended. It never hides a program's output: what is
//! read for closing lines is passed on at the same time.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::Failure;

/// A program with its arguments, to be run in `folder` with no standard input.
pub fn command(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// The cargo that started us, so that the tools never mix two toolchains.
pub fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    command(root, &cargo, arguments)
}

/// Runs `command` to its end with our own output streams.
pub fn go(mut command: Command) -> Result<(), Failure> {
    let line = shown(&command);
    println!("$ {line}");
    let status = command.status().map_err(|error| absent(&line, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::Failed(format!("`{line}`: {status}"))) }
}

/// Whether `command` starts and ends well; its output is thrown away.
pub fn succeeds(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// How a test runner ended, and the lines in which it said so itself.
#[derive(Debug)]
pub struct Verdict {
    /// The failure, if it failed.
    pub result: Result<(), Failure>,
    /// The runner's closing lines, in the order they came.
    pub closing: Vec<String>,
}

/// Runs a test runner, passing its output on line by line and keeping its closing lines.
pub fn go_and_listen(mut command: Command) -> Verdict {
    let line = shown(&command);
    println!("$ {line}");
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return Verdict { result: Err(absent(&line, &error)), closing: Vec::new() },
    };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let out = thread::spawn(|| out.map(|out| pass_on(out, &mut std::io::stdout())));
    let err = thread::spawn(|| err.map(|err| pass_on(err, &mut std::io::stderr())));
    let status = child.wait();
    let mut closing = Vec::new();
    for reader in [out, err] {
        closing.extend(reader.join().ok().flatten().unwrap_or_default());
    }
    let result = match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Failed(format!("`{line}`: {status}"))),
        Err(error) => Err(Failure::Failed(format!("`{line}`: {error}"))),
    };
    Verdict { result, closing }
}

/// Copies `from` to `to` as it comes and returns the closing lines seen on the way.
fn pass_on(from: impl Read, to: &mut impl Write) -> Vec<String> {
    let mut closing = Vec::new();
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A reader that went away (a closed pipe) must not stop the run: its status still counts.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        let text = String::from_utf8_lossy(&line);
        if is_closing_line(text.trim()) {
            closing.push(text.trim_end().to_owned());
        }
        line.clear();
    }
    closing
}

/// Whether a runner sums up its run in this line: nextest, cargo test, node's runner.
fn is_closing_line(line: &str) -> bool {
    let nextest = line.starts_with("Summary [") && line.contains(" run: ");
    let cargo = line.starts_with("test result: ");
    let node = ["tests ", "pass ", "fail ", "cancelled ", "skipped "].iter().any(|word| {
        ["# ", "ℹ "].iter().any(|mark| {
            line.strip_prefix(mark)
                .and_then(|rest| rest.strip_prefix(word))
                .is_some_and(|count| count.parse::<u32>().is_ok())
        })
    });
    nextest || cargo || node
}

/// Where cargo puts what it builds.
pub fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |it| root.join(it))
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let parts = std::iter::once(command.get_program()).chain(command.get_args());
    let line = parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ");
    match line.strip_prefix('/').and_then(|_| line.split_once("/bin/cargo ")) {
        Some((_, rest)) => format!("cargo {rest}"),
        None => line,
    }
}

fn absent(line: &str, error: &std::io::Error) -> Failure {
    Failure::NotReady(format!("`{line}` did not start: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_each_runner_are_known_and_other_lines_are_not() {
        let cases = [
            ("Summary [   0.010s] 40 tests run: 40 passed, 0 skipped", true),
            ("test result: ok. 3 passed; 0 failed; 0 ignored", true),
            ("# pass 12", true),
            ("ℹ fail 0", true),
            ("ℹ cancelled 15", true),
            ("# pass the salt", false),
            ("PASS [   0.004s] xtask flags::tests::one", false),
            ("Summary of the case", false),
        ];
        for (line, expected) in cases {
            assert_eq!(is_closing_line(line), expected, "{line}");
        }
    }

    #[test]
    fn output_is_passed_on_unchanged_while_closing_lines_are_kept() {
        let text = "one\n  # tests 2\n# pass 2\nno end of line";
        let mut shown = Vec::new();
        let closing = pass_on(text.as_bytes(), &mut shown);
        assert_eq!(shown, text.as_bytes());
        assert_eq!(closing, ["  # tests 2", "# pass 2"]);
    }

    #[test]
    fn a_failing_program_fails_and_a_missing_one_is_named() {
        let here = Path::new(".");
        assert!(go(command(here, "true", &[])).is_ok());
        assert!(matches!(go(command(here, "false", &[])), Err(Failure::Failed(_))));
        let verdict = go_and_listen(command(here, "false", &[]));
        assert!(matches!(verdict.result, Err(Failure::Failed(_))));
        match go(command(here, "no-such-program", &["x"])) {
            Err(Failure::NotReady(message)) => assert!(message.contains("no-such-program x")),
            other => panic!("{other:?}"),
        }
    }
}
