//! `cargo xtask test`: every check of the project, in one order, in one run.
//!
//! Decides which steps run and how their ends add up. A failing step never stops the ones after
//! it: one run tells everything that is wrong. The run is good only if every step was.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::flags::Flags;
use crate::needs::{CHROMIUM, FONTS, Need, POSTGRESQL, PYTHON};
use crate::run::{self, Verdict};
use crate::{Failure, needs, node, python, tidy};

struct Step {
    name: &'static str,
    about: &'static str,
    needs: &'static [&'static Need],
    act: fn(&Path) -> Verdict,
}

/// The islands come before anything that compiles, as the binary carries their built files.
const STEPS: [Step; 7] = [
    Step { name: "fmt", about: "every Rust file is in the one format", needs: &[], act: fmt },
    Step { name: "tidy", about: "the house rules", needs: &[], act: |root| quiet(tidy::run(root)) },
    Step { name: "islands", about: "the pages' scripts build and hold", needs: &[], act: islands },
    Step { name: "clippy", about: "no warning anywhere", needs: &[], act: clippy },
    Step {
        name: "tests",
        about: "rules, store, pages, commands",
        needs: &[&POSTGRESQL],
        act: tests,
    },
    Step {
        name: "doctests",
        about: "the examples in the documentation",
        needs: &[],
        act: doctests,
    },
    Step {
        name: "browser",
        about: "the real pages in a real browser, the API as others see it",
        needs: &[&CHROMIUM, &FONTS, &PYTHON],
        act: browser,
    },
];

/// Which of the steps to run.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    /// All of them.
    Everything,
    /// All but the browser tests.
    Fast,
    /// The one of this name.
    Only(String),
}

impl Choice {
    /// Reads the flags of `cargo xtask test`.
    pub fn parse(arguments: &[String]) -> Result<Choice, Failure> {
        let flags = Flags::parse(arguments, &["--only"], &["--fast"])?;
        match (flags.value("--only"), flags.has("--fast")) {
            (None, false) => Ok(Choice::Everything),
            (None, true) => Ok(Choice::Fast),
            (Some(name), false) if STEPS.iter().any(|step| step.name == name) => {
                Ok(Choice::Only(name.to_owned()))
            }
            (Some(name), false) => {
                let names = STEPS.map(|step| step.name).join(", ");
                Err(Failure::NotReady(format!("no step `{name}`; there are {names}")))
            }
            (Some(_), true) => Err(Failure::NotReady("`--only` or `--fast`, not both".into())),
        }
    }

    fn takes(&self, name: &str) -> bool {
        match self {
            Choice::Everything => true,
            Choice::Fast => name != "browser",
            Choice::Only(only) => only == name,
        }
    }
}

/// Installs what the chosen steps need, runs them all, and sums up.
pub fn run(root: &Path, choice: &Choice) -> Result<(), Failure> {
    let steps: Vec<&Step> = STEPS.iter().filter(|step| choice.takes(step.name)).collect();
    let wanted: Vec<&Need> = steps.iter().flat_map(|step| step.needs).copied().collect();
    needs::provide(root, &wanted)?;
    let mut ends = Vec::new();
    for step in steps {
        println!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        let Verdict { result, closing } = (step.act)(root);
        let end = End { name: step.name, took: start.elapsed(), result, closing };
        println!("== {end}");
        ends.push(end);
    }
    println!("\n{}", summary(&ends));
    let failed: Vec<&str> =
        ends.iter().filter(|end| end.result.is_err()).map(|end| end.name).collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(format!(
            "{} of {} steps failed: {}",
            failed.len(),
            ends.len(),
            failed.join(", ")
        )))
    }
}

struct End {
    name: &'static str,
    took: Duration,
    result: Result<(), Failure>,
    closing: Vec<String>,
}

impl std::fmt::Display for End {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (word, why) = match &self.result {
            Ok(()) => ("ok", String::new()),
            Err(Failure::Failed(why) | Failure::NotReady(why)) => ("FAILED", format!("  {why}")),
        };
        write!(out, "{:9} {word:6} {:7.1} s{why}", self.name, self.took.as_secs_f64())
    }
}

/// One line a step, then what the runners themselves said last.
fn summary(ends: &[End]) -> String {
    let total: Duration = ends.iter().map(|end| end.took).sum();
    let mut lines = vec![format!("== summary, {:.0} s in all", total.as_secs_f64())];
    lines.extend(ends.iter().map(ToString::to_string));
    for end in ends.iter().filter(|end| !end.closing.is_empty()) {
        lines.push(format!("-- {}", end.name));
        lines.extend(end.closing.iter().cloned());
    }
    lines.join("\n")
}

fn quiet(result: Result<(), Failure>) -> Verdict {
    Verdict { result, closing: Vec::new() }
}

fn fmt(root: &Path) -> Verdict {
    quiet(run::go(run::cargo(root, &["fmt", "--all", "--check"])))
}

fn clippy(root: &Path) -> Verdict {
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    quiet(run::go(run::cargo(root, &arguments)))
}

fn islands(root: &Path) -> Verdict {
    if !root.join("islands/package.json").is_file() {
        println!("there are none in this checkout");
        return quiet(Ok(()));
    }
    match node::build_islands(root) {
        Ok(()) => run::go_and_listen(run::command(
            &root.join("islands"),
            "npm",
            &["test", "--if-present"],
        )),
        failed => quiet(failed),
    }
}

fn tests(root: &Path) -> Verdict {
    let mut runs = if run::succeeds(run::cargo(root, &["nextest", "--version"])) {
        // Most tests want a process of their own. The many small ones of the contract share what is dear
        // to begin with: words of the dictionary, a database server.
        let most = ["nextest", "run", "--workspace", "-E", "not binary(contract)"];
        vec![run::go_and_listen(run::cargo(root, &most)), contract(root, &[])]
    } else {
        println!("cargo-nextest is not here; cargo's own runner does as well, only slower");
        let all = ["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
        vec![run::go_and_listen(run::cargo(root, &all))]
    };
    println!("\n-- the store's contract under the national cipher suite");
    runs.push(contract(root, &[("XIAOHE_TEST_SUITE", "national")]));
    let closing = runs.iter().flat_map(|run| run.closing.clone()).collect();
    Verdict { result: runs.into_iter().try_for_each(|run| run.result), closing }
}

/// What the store promises, on both databases.
fn contract(root: &Path, environment: &[(&str, &str)]) -> Verdict {
    // With the whole workspace: for one crate alone cargo would build its dependencies anew.
    let arguments = ["test", "--workspace", "--test", "contract", "--no-fail-fast"];
    let mut command = run::cargo(root, &arguments);
    command.envs(environment.iter().copied());
    run::go_and_listen(command)
}

fn doctests(root: &Path) -> Verdict {
    run::go_and_listen(run::cargo(root, &["test", "--workspace", "--doc", "--no-fail-fast"]))
}

/// Builds the binary as the tests of the command line have it: alone it would be built once more, as
/// what it stands on is then compiled with fewer features.
const BINARY: [&str; 5] = ["test", "--workspace", "--no-run", "--test", "cli"];

fn browser(root: &Path) -> Verdict {
    let ready = node::install(&root.join("e2e"))
        .and_then(|()| python::install(root))
        .and_then(|()| node::build_islands(root))
        .and_then(|()| run::go(run::cargo(root, &BINARY)))
        .and_then(|()| Ok((browser_tests(root)?, kept_cities(root)?)));
    let (files, cities) = match ready {
        Ok(ready) => ready,
        Err(failure) => return quiet(Err(failure)),
    };
    // The files are named one by one: what node makes of a folder differs from version to version.
    let mut arguments = vec!["--test", "--test-reporter=spec"];
    arguments.extend(files.iter().map(String::as_str));
    let mut command = run::command(root, "node", &arguments);
    command.env("XIAOHE_BIN", run::target_folder(root).join("debug/xiaohe"));
    command.env("XIAOHE_PYTHON", python::folder(root).join("bin/python"));
    command.env("XIAOHE_CITIES", cities);
    run::go_and_listen(command)
}

/// An empty folder for the cities that the tests copy: what an older binary built would not do.
fn kept_cities(root: &Path) -> Result<PathBuf, Failure> {
    let folder = run::target_folder(root).join("cities");
    let emptied = match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::create_dir_all(&folder),
    };
    emptied.map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

/// Every `*.test.mjs` of the folder, as paths from the repository root, in a fixed order.
fn browser_tests(root: &Path) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join("e2e")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules") {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".test.mjs") {
                let own = path.strip_prefix(root).unwrap_or(&path);
                files.push(own.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::Failed("e2e/ holds no test: that cannot be right".into()));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(line: &str) -> Result<Choice, Failure> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Choice::parse(&words)
    }

    #[test]
    fn a_choice_takes_what_it_says() {
        let all = STEPS.map(|step| step.name);
        let cases = [
            ("", all.to_vec()),
            ("--fast", all[..6].to_vec()),
            ("--only tidy", vec!["tidy"]),
            ("--only=browser", vec!["browser"]),
        ];
        for (line, expected) in cases {
            let choice = choice(line).unwrap();
            let taken: Vec<&str> = all.into_iter().filter(|name| choice.takes(name)).collect();
            assert_eq!(taken, expected, "{line}");
        }
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_names_there_are() {
        match choice("--only unit") {
            Err(Failure::NotReady(message)) => assert!(message.contains("fmt, tidy"), "{message}"),
            other => panic!("{other:?}"),
        }
        assert!(choice("--only fmt --fast").is_err());
    }

    #[test]
    fn the_summary_names_failures_and_ends_with_the_runners_own_lines() {
        let end = |name, result, closing: &[&str]| End {
            name,
            took: Duration::from_millis(1_500),
            result,
            closing: closing.iter().map(|&line| line.to_owned()).collect(),
        };
        let text = summary(&[
            end("fmt", Err(Failure::Failed("`cargo fmt`: exit status: 1".into())), &[]),
            end("tests", Ok(()), &["Summary [ 1.0s] 4 tests run: 4 passed, 0 skipped"]),
        ]);
        assert_eq!(
            text,
            "== summary, 3 s in all\n\
             fmt       FAILED     1.5 s  `cargo fmt`: exit status: 1\n\
             tests     ok         1.5 s\n\
             -- tests\n\
             Summary [ 1.0s] 4 tests run: 4 passed, 0 skipped"
        );
    }
}
