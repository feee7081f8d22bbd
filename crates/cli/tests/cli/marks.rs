//! Secret marks in an imported appeal: no command prints them, and no file holds them, neither the
//! database beside its journal nor the backup, nor what the server says to its operators.

use crate::support::{Server, Town};
use std::{fs, path::Path, process::Output};
use testkit::mark::{Mark, Watch};

const TABLE: &str = "编号,留言主题,留言详情,留言时间,类别,联系电话\n\
    龘靐辛1,龘靐丁标题,龘靐丙详情很长，住在龘靐乙三号。,2025/3/4 9:05,困境儿童,19917310042\n\
    龘靐辛2,龘靐丁又一件,龘靐丙又一件。,2025年3月5日,离婚纠纷,19917310735\n";

fn watch() -> Watch {
    let texts = ["龘靐甲", "龘靐乙", "龘靐丙", "龘靐丁", "龘靐辛"];
    let phones = ["19917310042", "19917310735", "199****0042", "199****0735"];
    Watch::new(texts.into_iter().chain(phones).map(|text| Mark::new(text, text)))
}

fn seen(place: &str, bytes: &[u8]) -> Vec<String> {
    watch().look(bytes).into_iter().map(|seen| format!("{place}: {seen}")).collect()
}

/// Every file below a folder but those that were put there to be read.
fn files(folder: &Path, found: &mut Vec<String>, count: &mut usize) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found, count);
        } else if !path.ends_with("table.csv") {
            *count += 1;
            found.extend(seen(&path.display().to_string(), &fs::read(&path).expect("a file")));
        }
    }
}

#[test]
fn no_command_and_no_file_tells_what_was_imported() {
    let town = Town::new();
    town.make_keys();
    town.write("table.csv", TABLE);
    let mut found = Vec::new();
    let mut said = |what: &str, out: &Output| {
        found.extend(seen(&format!("what {what} prints"), &out.stdout));
        found.extend(seen(&format!("what {what} complains"), &out.stderr));
        out.status.success()
    };
    let import = ["import", "appeals", "table.csv", "--source", "letters"];
    assert!(said("import", &town.run(&import)), "{:?}", town.run(&import));
    for args in [
        &import[..],
        &["--json", "import", "appeals", "table.csv", "--source", "letters"],
        &["verify"],
        &["--json", "verify"],
        &["--json", "backup", "--to", "copy.db"],
        &["backup", "--to", "copy2.db"],
        &["doctor"],
        &["--json", "doctor"],
        &["account", "list"],
        &["--json", "account", "list"],
    ] {
        said(&args.join(" "), &town.run(args));
    }
    assert!(town.path("copy.db").exists() && town.path("copy2.db").exists());
    let mut count = 0;
    files(&town.dir, &mut found, &mut count);
    assert!(count > 20, "{count} files");
    assert!(found.is_empty(), "{}", found.join("\n"));
    // The same look finds a mark where there is one.
    assert!(!seen("the table", &fs::read(town.path("table.csv")).expect("a file")).is_empty());
}

#[test]
fn the_server_says_nothing_of_what_it_is_asked() {
    let town = Town::new();
    town.make_keys();
    town.write("table.csv", TABLE);
    assert!(town.run(&["import", "appeals", "table.csv"]).status.success());
    let mut command = town.command(&["serve"]);
    command.env("XIAOHE_LOG", "trace");
    let server = Server::start(command);
    let mut line = server.line().expect("a connection");
    for path in ["/cases/%E9%BE%98%E9%9D%90%E4%B8%99", "/track?q=19917310042", "/none/19917310042"]
    {
        line.ask("GET", path, &[], "").expect("an answer");
    }
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = "number=19917310042&receipt=%E9%BE%98%E9%9D%90%E4%B8%81";
    line.ask("POST", "/track", &form, body).expect("an answer");
    let json = [("Content-Type", "application/json")];
    let body = r#"{"channel":"龘靐丁","summary":"龘靐丙","contact":{"phone":"19917310042"}}"#;
    line.ask("POST", "/api/v1/appeals", &json, body).expect("an answer");
    let body = r#"{"username":"龘靐甲","password":"龘靐丙"}"#;
    line.ask("POST", "/api/v1/sessions", &json, body).expect("an answer");
    drop(line);
    let said = server.last_words();
    assert!(said.contains("TRACE"), "at the finest level: {said}");
    assert_eq!(seen("the log", said.as_bytes()), Vec::<String>::new());
}
