//! The citizens' pages from outside: filing, tracking, the status page, ratings, hostile input.

#![allow(clippy::unwrap_used, reason = "a test says loudly what it misses")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use domain::{
    access::Viewer,
    case::{Actor, Staff},
    decide::Step,
    field,
};
use jiff::Timestamp;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};
use store::{Act, Store};
use tower::ServiceExt;
use vault::Keys;
use web::App;

/// A Tuesday morning in a year whose holidays are known.
const START: i64 = 1_779_757_200;
const HOTLINE: &str = "hotline-9901";

/// Fields of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

struct City {
    app: App,
    router: Router,
    clock: Arc<AtomicI64>,
    folder: PathBuf,
}

impl Drop for City {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What came back.
struct Answer {
    status: StatusCode,
    location: String,
    cookies: Vec<String>,
    body: String,
}

impl Answer {
    fn pass(&self) -> String {
        let pass = self.cookies.iter().find(|c| c.starts_with("pass=")).unwrap();
        pass.split(';').next().unwrap().to_owned()
    }

    /// What stands between two marks.
    fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.body.split_once(before).unwrap_or_else(|| panic!("no {before}")).1;
        rest.split_once(after).unwrap().0
    }

    fn hidden(&self, name: &str) -> &str {
        self.between(&format!(r#"name="{name}" value=""#), "\"")
    }

    fn number(&self) -> String {
        self.between(r#"<dd class="secret"><span>"#, "<").to_owned()
    }

    fn receipt(&self) -> String {
        let groups = self.body.split(r#"<dd class="secret">"#).nth(2).unwrap();
        let groups = groups.split_once("</dd>").unwrap().0;
        groups.replace("<span>", "").replace("</span>", "").replace(' ', "")
    }
}

impl City {
    async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("xiaohe-citizen-{}-{n}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let keys = format!("root = {}\nwrap.1 = {}", "01".repeat(32), "02".repeat(32));
        let url = format!("sqlite:{}", folder.join("test.db").display());
        let store = Store::open(&url, Arc::new(Keys::parse(&keys).unwrap())).await.unwrap();
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
        let clock = Arc::new(AtomicI64::new(START));
        let now = clock.clone();
        let now = move || Timestamp::from_second(now.load(Ordering::Relaxed)).unwrap();
        let app = App::new(store, packs::load(&pack).unwrap(), now, Vec::new());
        Self { router: web::router(app.clone()), app, clock, folder }
    }

    fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let text = |name| {
            let all = response.headers().get_all(name).iter();
            all.map(|v| v.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (cookies, location) = (text(header::SET_COOKIE), text(header::LOCATION).concat());
        let status = response.status();
        let body = to_bytes(response.into_body(), 10_000_000).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{body}");
        Answer { status, location, cookies, body }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, fields: Fields<'_>) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    async fn post_files(&self, fields: Fields<'_>, files: &[(&str, Vec<u8>)]) -> Answer {
        let mut body = Vec::new();
        let disposition = "Content-Disposition: form-data; name";
        for (name, value) in fields {
            body.extend(format!("--B\r\n{disposition}=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        for (name, content) in files {
            let head = format!(
                "--B\r\n{disposition}=\"files\"; filename=\"{name}\"\r\n\
                 Content-Type: image/jpeg\r\n\r\n"
            );
            body.extend(head.into_bytes());
            body.extend(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--B--\r\n");
        let request =
            Request::post("/help").header(header::CONTENT_TYPE, "multipart/form-data; boundary=B");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends the last step with everything filled in, some of it changed.
    async fn file(&self, change: Fields<'_>) -> Answer {
        let answer = self.post("/help", "", &changed(&complete(), change)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer
    }

    /// Lets somebody of the staff act.
    async fn staff(&self, number: &str, who: (&str, &str), action: &str, fields: Fields<'_>) {
        let (role, unit) = who;
        let pack = self.app.pack();
        // Each role in each unit is somebody else.
        let account = i64::try_from(role.len() + unit.len() * 100).unwrap();
        let staff = Staff { account, unit: unit.to_owned(), roles: vec![role.to_owned()] };
        let case = self.app.store().case(&pack, &Viewer::System, number).await.unwrap().unwrap();
        let flow = pack.workflow("appeal").unwrap();
        let raw = fields.iter().map(|(n, v)| ((*n).to_owned(), vec![(*v).to_owned()])).collect();
        let given = field::check(&pack, flow, &flow.action(action).unwrap().fields, &raw).unwrap();
        let act = Act {
            command: rand::random(),
            actor: Actor::Staff(staff),
            case: case.case.id,
            steps: vec![Step { action: action.to_owned(), given }],
            files: Vec::new(),
        };
        let done = self.app.store().act(&pack, self.app.now(), act).await;
        done.unwrap_or_else(|e| panic!("{action}: {e:?}"));
    }

    /// Registers and dispatches; the handler signs and proposes an answer.
    async fn handle(&self, number: &str, category: &str) {
        let operator = ("operator", HOTLINE);
        let register: Fields = &[("category", category), ("place", "990101001000")];
        self.staff(number, operator, "register", register).await;
        self.staff(number, operator, "to_triage", &[]).await;
        self.staff(number, ("triage", HOTLINE), "dispatch_to", &[("unit", "wf-990101")]).await;
        self.staff(number, ("handler", "wf-990101"), "sign", &[]).await;
        self.reply(number, "wf-990101", "答复第一行\n已经办好").await;
    }

    async fn reply(&self, number: &str, unit: &str, answer: &str) {
        let reply: Fields = &[("answer", answer), ("outcome", "resolved")];
        self.staff(number, ("handler", unit), "submit_reply", reply).await;
    }

    async fn approve(&self, number: &str) {
        self.staff(number, ("reviewer", "wf-9901"), "approve_reply", &[]).await;
    }
}

fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |all, b| all + &format!("%{b:02X}"))
}

fn complete() -> Vec<(&'static str, &'static str)> {
    vec![
        ("step", "review"),
        ("command", "0123456789abcdef0123456789abcdef"),
        ("group", "01"),
        ("category", "0101"),
        ("summary", "想了解探望孩子的办法"),
        ("narrative", "第一行\r\n第二行"),
        ("place", "990101001000"),
        ("anonymous", "no"),
        ("contact_name", "林女士"),
        ("contact_phone", "13800000000"),
        ("safe_contact", "工作日上午"),
        ("relation", "self"),
        ("consent", "yes"),
    ]
}

/// The fields with some of them replaced or added.
fn changed<'a>(fields: Fields<'a>, change: Fields<'a>) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(n, _)| change.iter().all(|(c, _)| c != n));
    kept.chain(change).copied().collect()
}

#[tokio::test]
async fn everybody_may_read_the_pages_that_explain() {
    let city = City::new().await;
    let paths = ["/", "/help", "/help?c=02", "/help?c=99", "/help?c=%3Cb%3E", "/track", "/about"];
    for path in paths.into_iter().chain(["/privacy", "/accessibility"]) {
        for cookie in ["lang=zh-Hans", "lang=zh-Hant", "lang=en", "large=1"] {
            let answer = city.get(path, cookie).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(answer.body.len() < 60_000, "{path}: {} bytes", answer.body.len());
            assert!(answer.body.contains("<h1>"), "{path}");
            for broken in [" style=", "<script>", "onclick", "home.path", ">help.", ">privacy."] {
                assert!(!answer.body.contains(broken), "{path}: {broken}");
            }
            // A script of our own may be named; none stands in the page.
            let scripts = answer.body.matches("<script").count();
            assert_eq!(scripts, answer.body.matches("<script src=\"/static/").count(), "{path}");
        }
    }
    let home = city.get("/", "").await;
    assert!(home.body.contains("tel:110") && home.body.contains("tel:12338"));
    assert!(home.body.contains("/help?c=02"));
}

#[tokio::test]
async fn the_first_pages_ask_what_and_where() {
    let city = City::new().await;
    let first = city.get("/help", "").await;
    let command = first.hidden("command");
    assert!(command.len() == 32 && first.body.contains("tel:110"));
    let mut given = vec![("command", command)];
    let nothing = city.post("/help", "", &changed(&given, &[("step", "group")])).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(nothing.hidden("command"), command);

    given.push(("group", "02"));
    let kind = city.post("/help", "", &changed(&given, &[("step", "group")])).await;
    assert_eq!(kind.status, StatusCode::OK);
    assert!(kind.body.contains("受到暴力不是您的错") && kind.body.contains("btn-now"));
    let wrong = city.post("/help", "", &changed(&given, &[("step", "kind")])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);

    given = vec![("command", command), ("group", "01"), ("category", "0101")];
    let story = city.post("/help", "", &changed(&given, &[("step", "kind")])).await;
    assert_eq!(story.hidden("category"), "0101");
    assert!(!story.body.contains("btn-now"), "a plain matter alarms nobody");
    let long = "很".repeat(81);
    let bad: Fields = &[("step", "story"), ("summary", &long), ("narrative", "他拿着刀<b>")];
    let bad = city.post("/help", "", &changed(&given, bad)).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.body.contains(&long) && bad.body.contains("他拿着刀&#60;b&#62;"));
    assert!(bad.body.contains(r##"href="#f-summary""##) && bad.body.contains("btn-now"));

    let place: Fields =
        &[("step", "story"), ("summary", "一句话"), ("county", "990101000000"), ("go", "area")];
    let towns = city.post("/help", "", &changed(&given, place)).await;
    assert!(towns.body.contains("东一街道") && towns.body.contains(r#"value="一句话""#));
    for (typed, place, address) in
        [("乙村", "990101100201", ""), ("东二镇", "990101100000", ""), ("无名沟", "", "无名沟")]
    {
        let typed: Fields = &[("step", "story"), ("summary", "一句话"), ("find", typed)];
        let contact = city.post("/help", "", &changed(&given, typed)).await;
        assert_eq!(contact.status, StatusCode::OK);
        for (name, value) in [("place", place), ("address", address)] {
            let hidden = format!(r#"name="{name}" value="{value}""#);
            assert!(value.is_empty() || contact.body.contains(&hidden), "{hidden}");
        }
    }
    let many: Fields = &[("step", "story"), ("summary", "一句话"), ("find", "村")];
    let many = city.post("/help", "", &changed(&given, many)).await;
    assert_eq!(many.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(many.body.contains("990101100202"));
}

#[tokio::test]
async fn the_last_pages_ask_how_to_reach_and_send() {
    let city = City::new().await;
    let complete = complete();
    let mut given = changed(&complete, &[("consent", "")]);
    given.retain(|(n, _)| !matches!(*n, "anonymous" | "contact_phone"));
    for bad in [
        &[("step", "contact")][..],
        &[("step", "contact"), ("anonymous", "no")],
        &[("step", "contact"), ("anonymous", "no"), ("contact_phone", "不知道")],
    ] {
        let answer = city.post("/help", "", &changed(&given, bad)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(r#"value="林女士""#));
        assert_eq!(bad.len() == 3, answer.body.contains(r#"value="不知道""#));
    }
    // Whoever stays unknown need not leave a number that can be read.
    let silent: Fields = &[("step", "contact"), ("anonymous", "yes"), ("contact_phone", "没有")];
    let silent = city.post("/help", "", &changed(&given, silent)).await;
    assert_eq!(silent.status, StatusCode::OK);

    given.extend([("anonymous", "no"), ("contact_phone", "13800000000")]);
    let review = city.post("/help", "", &changed(&given, &[("step", "contact")])).await;
    assert!(review.body.contains("离婚纠纷") && review.body.contains("东区东一街道"));
    let unagreed = city.post("/help", "", &given).await;
    assert_eq!(unagreed.status, StatusCode::UNPROCESSABLE_ENTITY);
    let back = city.post("/help", "", &changed(&given, &[("go", "back")])).await;
    assert!(back.body.contains(r#"id="f-contact_phone" name="contact_phone" value="13800000000""#));
    let edit = city.post("/help", "", &changed(&given, &[("go", "edit-story")])).await;
    assert!(edit.body.contains("第一行\r\n第二行</textarea>"));

    let done = city.post("/help", "", &changed(&given, &[("consent", "yes")])).await;
    assert_eq!((done.status, done.receipt().len()), (StatusCode::OK, 26));
    assert!(done.body.contains("<path d=\"M"));
    let my = city.get("/my", &done.pass()).await;
    assert!(my.status == StatusCode::OK && my.body.contains(&done.number()));

    let unknown: Fields = &[("command", "c123456789abcdef0123456789abcdef"), ("anonymous", "yes")];
    let unknown = city.file(unknown).await;
    let pack = city.app.pack();
    let case = city.app.store().case(&pack, &Viewer::System, &unknown.number()).await;
    let case = case.unwrap().unwrap();
    assert!(case.case.anonymous && case.text("contact_phone").is_none());
}

#[tokio::test]
async fn a_second_press_shows_the_same_receipt() {
    let city = City::new().await;
    let first = city.file(&[]).await;
    city.wait(300);
    let second = city.file(&[]).await;
    assert!(second.body.contains("2026-05-26 09:00"), "the time of the first one");
    assert_eq!((first.number(), first.receipt()), (second.number(), second.receipt()));
    assert!(!first.body.contains("这一份已经提交过") && second.body.contains("这一份已经提交过"));
    let other = city.file(&[("command", "f123456789abcdef0123456789abcdef")]).await;
    assert!(other.number() != first.number() && other.receipt() != first.receipt());
    // An id that can be guessed would give a stranger the receipt.
    let guessed = city.file(&[("command", "1")]).await;
    assert_ne!(guessed.receipt(), city.file(&[("command", "1")]).await.receipt());
}

#[tokio::test]
async fn hostile_input_is_refused_in_words() {
    let city = City::new().await;
    let huge = "恶".repeat(100_000);
    let markup = r#"<script>alert("1")</script>"#;
    for change in [
        ("category", "9999"),
        ("category", ""),
        ("category", markup),
        ("summary", ""),
        ("summary", huge.as_str()),
        ("narrative", huge.as_str()),
        ("narrative", "\u{0}\u{7}"),
        ("place", "../../etc/passwd"),
        ("contact_phone", markup),
        ("relation", "ghost"),
        ("anonymous", "perhaps"),
        ("consent", "no"),
    ] {
        let answer = city.post("/help", "", &changed(&complete(), &[change])).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 413 | 422), "{}: {status}", change.0);
        assert!(!answer.body.contains(markup), "{}", change.0);
    }
    for (kind, body) in [
        ("multipart/form-data; boundary=B", "--B\r\nnonsense"),
        ("multipart/form-data", "--B--"),
        ("application/x-www-form-urlencoded", "%ff=%fe&step=review&go=%00"),
        ("text/plain", "hello"),
        ("application/json", "{}"),
    ] {
        for path in ["/help", "/track"] {
            let request = Request::post(path).header(header::CONTENT_TYPE, kind);
            let answer = city.send(request.body(Body::from(body)).unwrap()).await;
            assert!(answer.status.as_u16() < 500, "{kind} {path}: {}", answer.status);
        }
    }
    let shown: Fields = &[("step", "story"), ("category", "0101"), ("narrative", markup)];
    let shown = city.post("/help", "", shown).await;
    assert!(shown.body.contains("&#60;script&#62;"));
}

/// A picture with a place in its EXIF segment.
fn picture() -> Vec<u8> {
    let exif = b"Exif\0\0II*\0\x08\0\0\0\0\0GPS36.6N117.0E";
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe1];
    jpeg.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    jpeg.extend(exif);
    jpeg.extend([0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]);
    jpeg
}

#[tokio::test]
async fn pictures_lose_their_place_and_files_their_paths() {
    let city = City::new().await;
    let done = city.post_files(&complete(), &[("../../etc/伤情.jpg", picture())]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let (pack, store) = (city.app.pack(), city.app.store());
    let case = store.case(&pack, &Viewer::System, &done.number()).await.unwrap().unwrap();
    assert_eq!(case.files[0].name, "伤情.jpg");
    let file = (case.case.id, case.files[0].seq, case.files[0].n);
    let (kind, _, body) = store.file(&pack, &Viewer::System, file).await.unwrap().unwrap();
    assert_eq!(kind, "image/jpeg");
    assert!(!body.windows(3).any(|w| w == b"GPS"), "the place is still there");

    let large = [picture(), vec![0; 3_000_000]].concat();
    let complete = complete();
    let other = changed(&complete, &[("command", "aaaa456789abcdef0123456789abcdef")]);
    let done = city.post_files(&other, &[("a.jpg", large)]).await;
    assert_eq!(done.status, StatusCode::OK, "three megabytes are no reason to refuse");

    let many: Vec<_> = (0..6).map(|_| ("a.jpg", picture())).collect();
    let script = [("a.jpg", b"#!/bin/sh".to_vec())];
    for files in [&many[..], &script] {
        let answer = city.post_files(&complete, files).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("想了解探望孩子的办法"), "the words are lost");
    }
}

#[tokio::test]
async fn tracking_tells_strangers_nothing() {
    let city = City::new().await;
    let filed = city.file(&[]).await;
    let (number, receipt) = (filed.number(), filed.receipt().to_lowercase());
    let owner: Fields = &[("number", &number), ("receipt", &receipt)];
    let right = city.post("/track", "", owner).await;
    assert_eq!((right.status, right.location.as_str()), (StatusCode::SEE_OTHER, "/my"));
    assert_eq!(city.get("/my", &right.pass()).await.status, StatusCode::OK);

    let stranger: Fields = &[("number", &number), ("receipt", "A")];
    let wrong = city.post("/track", "", stranger).await;
    let unknown = city.post("/track", "", &[("number", "26-0000-0000-1"), ("receipt", "A")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.status, unknown.status);
    assert_eq!(wrong.body.replace(&number, ""), unknown.body.replace("26-0000-0000-1", ""));

    for _ in 0..9 {
        let again = city.post("/track", "", stranger).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let wait = city.post("/track", "", stranger).await;
    assert_eq!(wait.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(wait.body.contains("十分钟"));
    let right = city.post("/track", "", owner).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "a stranger must not shut the owner out");
    city.wait(601);
    let later = city.post("/track", "", stranger).await;
    assert_eq!(later.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_pass_ends_and_cannot_be_made_up() {
    let city = City::new().await;
    let pass = city.file(&[]).await.pass();
    let forged = pass.replacen("pass=", "pass=1", 1);
    for cookie in ["", "pass=", "pass=0.9999999999.00", "pass=x.y.z", &forged] {
        let answer = city.get("/my", cookie).await;
        assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/track"));
    }
    let gone = city.get("/leave", &pass).await;
    assert!(gone.location.starts_with("https://") && gone.cookies[0].contains("Max-Age=0"));
    city.wait(901);
    assert_eq!(city.get("/my", &pass).await.location, "/track");
}

#[tokio::test]
async fn the_status_page_gives_nothing_away() {
    let city = City::new().await;
    let filed = city
        .file(&[
            ("group", "02"),
            ("category", "0201"),
            ("summary", "金丝雀摘要"),
            ("narrative", "金丝雀经过"),
            ("address", "金丝雀地址"),
            ("contact_name", "金丝雀"),
            ("safe_contact", "金丝雀方式"),
        ])
        .await;
    let (number, pass) = (filed.number(), filed.pass());
    let more = city.post("/my/supplement", &pass, &[("narrative", "金丝雀补充")]).await;
    assert_eq!((more.status, more.location.as_str()), (StatusCode::SEE_OTHER, "/my"));
    let secrets = ["金丝雀", "暴力", "violence", "东一街道", "东区", "13800000000", "990101"];
    let check = async || {
        let page = city.get("/my", &pass).await;
        let english = city.get("/my", &format!("{pass}; lang=en")).await;
        for page in [&page, &english] {
            assert_eq!(page.status, StatusCode::OK);
            for secret in secrets {
                assert!(!page.body.contains(secret), "{secret}");
            }
        }
        assert!(page.between("<title>", "</title>").starts_with("查询进度"));
        page
    };
    assert!(check().await.body.contains("您补充了情况"));
    city.handle(&number, "0201").await;
    assert!(!check().await.body.contains("答复第一行"), "an answer that nobody has approved");
    city.approve(&number).await;
    let answered = check().await;
    assert!(answered.body.contains("<p>答复第一行</p><p>已经办好</p>"));
    assert!(answered.body.contains("受理告知书") && !answered.body.contains("交办"));
}

#[tokio::test]
async fn the_appellant_rates() {
    let city = City::new().await;
    let filed = city.file(&[]).await;
    let (number, pass) = (filed.number(), filed.pass());
    let early = city.post("/my/rate", &pass, &[("attitude", "5"), ("result", "5")]).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.body.contains("<li>补充情况</li>"), "allowed actions are listed");
    city.handle(&number, "0101").await;
    city.approve(&number).await;
    let page = city.get("/my", &pass).await;
    assert_eq!(page.body.matches(r#"action="/my/rate""#).count(), 1);
    assert!(!page.body.contains(r#"action="/my/rate_dissatisfied""#));

    // Dissatisfaction asks why; then the level above takes it.
    for (fields, kept) in [
        (&[("visit_note", "说一句")][..], "说一句"),
        (&[("attitude", "5"), ("result", "1")], r#"name="result" value="1" checked"#),
    ] {
        let answer = city.post("/my/rate", &pass, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(kept), "{kept}");
    }
    let bad: Fields = &[("attitude", "2"), ("result", "1"), ("visit_note", "没有办")];
    let bad = city.post("/my/rate", &pass, bad).await;
    assert_eq!((bad.status, bad.location.as_str()), (StatusCode::SEE_OTHER, "/my"));
    let again = city.get("/my", &pass).await;
    assert!(again.body.contains("因不满意，交上一级重新办理"));
    assert!(again.body.contains(r#"<li aria-current="step">答复</li>"#), "a new round");

    city.reply(&number, "wf-9901", "第二次答复").await;
    assert!(!city.get("/my", &pass).await.body.contains("第二次答复"));
    city.approve(&number).await;
    let last = city.get("/my", &pass).await;
    assert!(last.body.contains("第二次答复"));
    assert!(last.body.contains("分管领导复核"));
    assert!(!last.body.contains(r#"name="result" value="1""#));
    let good = city.post("/my/rate", &pass, &[("attitude", "4"), ("result", "4")]).await;
    assert_eq!(good.status, StatusCode::SEE_OTHER);
    let closed = city.get("/my", &pass).await;
    assert!(closed.body.contains("已办结") && closed.body.contains(r#"action="/my/reopen""#));
    let reopened = city.post("/my/reopen", &pass, &[("reason", "又发生了")]).await;
    assert_eq!(reopened.location, "/my");
}

#[tokio::test]
async fn satisfied_people_close_their_case() {
    let city = City::new().await;
    let filed = city.file(&[]).await;
    city.handle(&filed.number(), "0101").await;
    city.approve(&filed.number()).await;
    let rate: Fields = &[("attitude", "5"), ("result", "declined"), ("command", "twice")];
    for _ in 0..2 {
        let rated = city.post("/my/rate", &filed.pass(), rate).await;
        assert_eq!((rated.status, rated.location.as_str()), (StatusCode::SEE_OTHER, "/my"));
    }
    let page = city.get("/my", &filed.pass()).await;
    assert!(page.body.contains("您已作出评价"));
    city.wait(31 * 86_400);
    let (number, receipt) = (filed.number(), filed.receipt());
    let back = city.post("/track", "", &[("number", &number), ("receipt", &receipt)]).await;
    let page = city.get("/my", &back.pass()).await;
    assert!(!page.body.contains(r#"action="/my/reopen""#), "the month is over");
}

#[tokio::test]
async fn only_own_actions_are_open_and_words_stay() {
    let city = City::new().await;
    let pass = city.file(&[]).await.pass();
    for action in ["register", "dispatch", "no_such", "%2e%2e"] {
        let answer = city.post(&format!("/my/{action}"), &pass, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
    }
    let late = city.post("/my/reopen", &pass, &[("reason", "写了很久的话")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("写了很久的话"), "a refusal must not eat words");
    let empty = city.post("/my/supplement", &pass, &[("narrative", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.body.contains("to=/my\"") && empty.body.contains("<details open>"));
    let away = city.post("/my/supplement", "", &[("narrative", "x")]).await;
    assert_eq!(away.status, StatusCode::UNAUTHORIZED, "words are carried to the receipt form");
    assert_eq!(away.hidden("said.narrative"), "x");
    let withdrawn = city.post("/my/request_withdrawal", &pass, &[]).await;
    assert_eq!(withdrawn.location, "/my");
    assert!(!city.get("/my", &pass).await.body.contains("/my/request_withdrawal"));
}

#[tokio::test]
async fn merged_cases_show_the_answer_of_the_main_one() {
    let city = City::new().await;
    let main = city.file(&[]).await.number();
    let twin = city.file(&[("command", "bbbb456789abcdef0123456789abcdef")]).await;
    city.handle(&main, "0101").await;
    let operator = ("operator", HOTLINE);
    let register: Fields = &[("category", "0101"), ("place", "990101001000")];
    city.staff(&twin.number(), operator, "register", register).await;
    city.staff(&twin.number(), operator, "merge", &[("main", &main)]).await;
    assert!(!city.get("/my", &twin.pass()).await.body.contains("答复第一行"));
    city.approve(&main).await;
    let page = city.get("/my", &twin.pass()).await;
    assert!(page.body.contains("答复第一行"), "the same answer");
    assert!(!page.body.contains(&main));
}

#[tokio::test]
async fn looks_are_kept_in_cookies() {
    let city = City::new().await;
    let answer = city.get("/look?lang=en&large=1&to=/help", "").await;
    assert_eq!(answer.location, "/help");
    assert!(answer.cookies.iter().any(|c| c.starts_with("lang=en;")));
    assert!(answer.cookies.iter().any(|c| c.starts_with("large=1;")));
    let evil = city.get("/look?lang=xx&to=//evil.example", "").await;
    assert!(evil.location == "/" && evil.cookies.is_empty());
    let typed: Fields = &[("step", "story"), ("summary", "妇联"), ("go", "area")];
    let page = city.post("/help", "lang=zh-Hant", typed).await;
    assert!(page.body.contains(r#"value="妇联""#) && page.body.contains("發生了什麼"));
    let page = city.get("/help", "lang=en; large=1").await;
    assert!(page.body.contains(r#"<html lang="en" class="large">"#));
}
