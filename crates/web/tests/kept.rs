//! What somebody has chosen and typed is not lost: files survive a refused step, words survive a
//! pass that ended, and neither is left lying about.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[allow(dead_code, reason = "shared with tests that need more of it")]
mod office;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use domain::access::Viewer;
use office::{Office, Page, page};
use store::CasePage;

type Fields<'a> = &'a [(&'a str, &'a str)];
type Files<'a> = &'a [(&'a str, Vec<u8>)];

fn pdf(text: &str) -> Vec<u8> {
    format!("%PDF-1.4\n{text}").into_bytes()
}

/// Sends a form with files, as a browser does; answers the page and the cookie it was given.
async fn send(
    office: &Office,
    (path, cookie): (&str, &str),
    fields: Fields<'_>,
    files: Files<'_>,
) -> (Page, String) {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend(format!("{head}{value}\r\n").into_bytes());
    }
    for (name, content) in files {
        let head = "--B\r\nContent-Disposition: form-data; name=\"files\"; filename=";
        body.extend(format!("{head}\"{name}\"\r\n\r\n").into_bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--B--\r\n");
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=B")
        .header(header::COOKIE, cookie);
    let response = office.raw(request.body(Body::from(body)).unwrap()).await;
    let given = response.headers().get(header::SET_COOKIE).map(|v| v.to_str().unwrap().to_owned());
    let cookie = given.and_then(|c| c.split(';').next().map(str::to_owned)).unwrap_or_default();
    (page(response).await, cookie)
}

/// The last step, filled in but for the consent.
const REVIEW: Fields<'static> = &[
    ("step", "review"),
    ("command", "0123456789abcdef0123456789abcdef"),
    ("group", "13"),
    ("category", "1302"),
    ("summary", "问路灯"),
    ("place", "990101001000"),
    ("anonymous", "no"),
    ("contact_name", "林女士"),
    ("contact_phone", "13800000000"),
    ("relation", "self"),
];

fn with<'a>(fields: Fields<'a>, more: Fields<'a>) -> Vec<(&'a str, &'a str)> {
    let own = fields.iter().filter(|(name, _)| more.iter().all(|(n, _)| n != name));
    own.chain(more).copied().collect()
}

async fn case(office: &Office, filed: &Page) -> CasePage {
    let (pack, (number, _)) = (office.app.pack(), filed.receipt());
    office.app.store().case(&pack, &Viewer::System, &number).await.unwrap().unwrap()
}

fn names(case: &CasePage) -> Vec<&str> {
    case.files.iter().map(|f| f.name.as_str()).collect()
}

const HELP: (&str, &str) = ("/help", "");

#[tokio::test]
async fn a_refused_step_keeps_the_files() {
    let office = Office::open(Vec::new()).await;
    let chosen = [("伤情.pdf", pdf("一")), ("聊天.pdf", pdf("二"))];
    let (refused, _) = send(&office, HELP, REVIEW, &chosen).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("伤情.pdf") && refused.has("聊天.pdf"), "{}", refused.words());
    assert!(refused.has("您写的内容都还在。"), "{}", refused.words());

    // On the way to another step and back they wait, too.
    let edit = with(REVIEW, &[("go", "edit-story")]);
    let (story, _) = send(&office, HELP, &edit, &[("病历.pdf", pdf("三"))]).await;
    assert_eq!(story.status, StatusCode::OK);
    let drop = with(REVIEW, &[("drop", "1")]);
    let (again, _) = send(&office, HELP, &drop, &[]).await;
    assert!(again.has("病历.pdf") && !again.has("聊天.pdf"), "{}", again.words());

    let sent = with(REVIEW, &[("consent", "yes")]);
    let (filed, _) = send(&office, HELP, &sent, &[("录音.pdf", pdf("四"))]).await;
    assert_eq!(filed.status, StatusCode::OK, "{}", filed.words());
    let case = case(&office, &filed).await;
    assert_eq!(names(&case), ["伤情.pdf", "病历.pdf", "录音.pdf"]);
    let key = (case.case.id, case.files[0].seq, case.files[0].n);
    let file = office.app.store().file(&office.app.pack(), &Viewer::System, key).await.unwrap();
    assert_eq!(file.unwrap().2, pdf("一"));
    let secret = REVIEW[1].1;
    assert_eq!(office.app.store().kept_names(secret, office.app.now()).await.unwrap(), []);
}

#[tokio::test]
async fn no_more_files_wait_than_may_be_sent() {
    let office = Office::open(Vec::new()).await;
    let four: Vec<_> = ["1.pdf", "2.pdf", "3.pdf", "4.pdf"].map(|n| (n, pdf(n))).into();
    send(&office, HELP, REVIEW, &four).await;
    let sent = with(REVIEW, &[("consent", "yes")]);
    let two = [("5.pdf", pdf("5")), ("6.pdf", pdf("6"))];
    let (many, _) = send(&office, HELP, &sent, &two).await;
    assert_eq!(many.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(many.has("5.pdf") && !many.has("6.pdf"), "{}", many.words());
    assert!(many.has("有的附件没能保留"), "{}", many.words());
    let (filed, _) = send(&office, HELP, &sent, &[]).await;
    assert_eq!(names(&case(&office, &filed).await).len(), 5);
}

#[tokio::test]
async fn files_wait_a_day_and_for_their_own_form_only() {
    let office = Office::open(Vec::new()).await;
    send(&office, HELP, REVIEW, &[("伤情.pdf", pdf("一"))]).await;
    let other = with(REVIEW, &[("command", "ffffffffffffffffffffffffffffffff")]);
    let (other, _) = send(&office, HELP, &other, &[]).await;
    assert!(!other.has("伤情.pdf"));
    office.pass(24 * 3_600 - 1);
    assert!(send(&office, HELP, REVIEW, &[]).await.0.has("伤情.pdf"));
    office.pass(1);
    assert!(!send(&office, HELP, REVIEW, &[]).await.0.has("伤情.pdf"));
}

#[tokio::test]
async fn words_survive_the_end_of_a_pass() {
    let office = Office::open(Vec::new()).await;
    let sent = with(REVIEW, &[("consent", "yes")]);
    let (filed, _) = send(&office, HELP, &sent, &[]).await;
    let (number, receipt) = filed.receipt();
    let track = [("number", number.as_str()), ("receipt", receipt.as_str())];
    let (_, pass) = send(&office, ("/track", ""), &track, &[]).await;
    office.pass(901);

    let command = "00112233445566778899aabbccddeeff";
    let typed = [("command", command), ("narrative", "金丝雀：\"又\"坏了")];
    let supplement = ("/my/supplement", pass.as_str());
    let (ended, _) = send(&office, supplement, &typed, &[("新.pdf", pdf("新"))]).await;
    assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
    assert!(ended.has("写好的内容会原样带回") && ended.to.is_empty(), "{}", ended.words());
    assert_eq!(ended.value("action"), "supplement");
    let carried = [
        ("action", "supplement"),
        ("said.command", command),
        ("said.narrative", "金丝雀：\"又\"坏了"),
    ];
    for (name, value) in carried {
        assert_eq!(ended.value(name).replace("&#34;", "\""), value);
    }

    // A mistyped receipt loses nothing either.
    let wrong = [&carried[..], &[("number", number.as_str()), ("receipt", "X")]].concat();
    let (again, _) = send(&office, ("/track", ""), &wrong, &[]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again.value("said.command"), command);

    let right = [&carried[..], &track[..]].concat();
    let (back, pass) = send(&office, ("/track", ""), &right, &[]).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.words());
    assert!(back.has("金丝雀：") && back.has("新.pdf"), "{}", back.words());
    assert_eq!(case(&office, &filed).await.version, 1, "nothing is sent by itself");
    let (done, _) = send(&office, ("/my/supplement", &pass), &typed, &[]).await;
    assert_eq!((done.status, done.to.as_str()), (StatusCode::SEE_OTHER, "/my"));
    let case = case(&office, &filed).await;
    assert_eq!(case.text("narrative"), Some("金丝雀：\"又\"坏了"));
    assert_eq!(names(&case), ["新.pdf"]);
}

#[tokio::test]
async fn a_form_without_a_secret_of_its_own_keeps_nothing() {
    let office = Office::open(Vec::new()).await;
    let sent = with(REVIEW, &[("consent", "yes")]);
    let (filed, _) = send(&office, HELP, &sent, &[]).await;
    let (number, receipt) = filed.receipt();
    let track = [("number", number.as_str()), ("receipt", receipt.as_str())];
    let (_, pass) = send(&office, ("/track", ""), &track, &[]).await;
    for command in ["", "1", "0000000000000000000000000000000g"] {
        // Refused, because nothing is told.
        let chosen = [("伤情.pdf", pdf("一"))];
        let fields = [("command", command), ("narrative", "")];
        let (refused, _) = send(&office, ("/my/supplement", &pass), &fields, &chosen).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!refused.has("伤情.pdf"), "{command}");
        let now = office.app.now();
        assert_eq!(office.app.store().kept_names(command, now).await.unwrap(), []);
    }
}
