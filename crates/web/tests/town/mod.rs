//! A city in a temporary folder with a clock that is set by hand, staff who are made when they are
//! named, and a browser that sends their cookie.

#![allow(dead_code, reason = "each test file uses its part")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use domain::{
    case::{Actor, CaseId, Staff},
    decide::Step,
    field::{self, Checked, Raw},
    pack::Pack,
    workflow::FieldUse,
};
use jiff::Timestamp;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering},
    },
};
use store::{Act, NewAccount, NewCase, Opened, Store, new_receipt};
use testkit::unit;
use tower::ServiceExt;
use web::App;

/// Wednesday 10 June 2026, ten in the morning in Beijing.
pub const START: &str = "2026-06-10T02:00:00Z";

pub struct Town {
    pub store: Store,
    pub pack: Arc<Pack>,
    pub router: Router,
    clock: Arc<AtomicI64>,
    folder: PathBuf,
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The words of a table row that begins with this name, without tags.
    pub fn row(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let rows = text.split("<tr").skip(1).map(|r| r.split("</tr>").next().unwrap_or_default());
        let words = rows.map(|row| {
            let plain = row.split('<').filter_map(|p| p.split_once('>')).map(|(_, text)| text);
            plain.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        });
        let mut found = words.filter(|w| w.first().is_some_and(|first| first == name));
        found.next().unwrap_or_default()
    }
}

impl Town {
    pub async fn new() -> Self {
        Self::at(Self::folder(), START.parse().unwrap()).await
    }

    /// A folder that no other test uses.
    pub fn folder() -> PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("xiaohe-boards-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    pub async fn at(folder: PathBuf, start: Timestamp) -> Self {
        Self::of(folder, start, testkit::city().clone()).await
    }

    /// A town with rules of its own.
    pub async fn of(folder: PathBuf, start: Timestamp, city: packs::City) -> Self {
        let url = format!("sqlite:{}", folder.join("town.db").display());
        let store = Store::open(&url, testkit::keys()).await.unwrap();
        let pack = city.pack.clone();
        let clock = Arc::new(AtomicI64::new(start.as_second()));
        let shown = clock.clone();
        let now = move || Timestamp::from_second(shown.load(Ordering::Relaxed)).unwrap();
        let app = App::new(store.clone(), city, now, Vec::new());
        Self { store, pack, router: web::router(app), clock, folder }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.clock.load(Ordering::Relaxed)).unwrap()
    }

    pub fn wait(&self, hours: i64) {
        self.clock.fetch_add(hours * 3_600, Ordering::Relaxed);
    }

    /// Somebody with this role in this unit; made when first named.
    pub async fn staff(&self, role: &str, unit: &str) -> Staff {
        let username = format!("{role}@{unit}");
        if let Some(account) = self.store.account(&username).await.unwrap() {
            return account.staff();
        }
        let new = NewAccount {
            username: username.clone(),
            password: String::new(),
            name: username.clone(),
            unit: unit.to_owned(),
            roles: vec![role.to_owned()],
        };
        self.store.create_account(new).await.unwrap();
        let staff = self.store.account(&username).await.unwrap().unwrap().staff();
        self.store.pledge(self.now(), &staff, &self.pack.pledge.version).await.unwrap();
        staff
    }

    /// The cookie of a new session.
    pub async fn cookie(&self, role: &str, unit: &str) -> String {
        let staff = self.staff(role, unit).await;
        let token = self.store.log_in(staff.account, self.now()).await.unwrap();
        format!("staff={token}")
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request =
            Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    fn checked(&self, flow: &str, uses: &[FieldUse], fields: &[(&str, &str)]) -> Checked {
        let flow = self.pack.workflow(flow).unwrap();
        let mut raw = Raw::new();
        for (code, value) in fields {
            raw.entry((*code).to_owned()).or_default().push((*value).to_owned());
        }
        field::check(&self.pack, flow, uses, &raw).unwrap_or_else(|f| panic!("{f:?}"))
    }

    /// A new case from the web.
    pub async fn open(&self, flow: &str, fields: &[(&str, &str)]) -> Opened {
        self.open_as(Actor::Public, flow, fields).await
    }

    /// A press text that is signed and goes out at once.
    #[allow(dead_code, reason = "some tests publish nothing")]
    pub async fn released(&self, body: &str) -> Opened {
        let writer = Actor::Staff(self.staff("handler", unit::CITY).await);
        let fields = [("title", "今年"), ("body", body), ("goes_out_on", "2026-06-10")];
        let opened = self.open_as(writer, "release", &fields).await;
        for (role, action) in [("handler", "submit"), ("reviewer", "check"), ("leader", "sign_now")]
        {
            self.act(opened.done.case, (role, unit::CITY), action, &[]).await;
        }
        opened
    }

    async fn open_as(&self, actor: Actor, flow: &str, fields: &[(&str, &str)]) -> Opened {
        let uses = self.pack.workflow(flow).unwrap().opening.fields.clone();
        let new = NewCase {
            command: command(),
            actor,
            workflow: flow.to_owned(),
            programme: None,
            given: self.checked(flow, &uses, fields),
            then: Vec::new(),
            files: Vec::new(),
            receipt: new_receipt(),
            imported: None,
        };
        self.store.open_case(&self.pack, self.now(), new).await.unwrap()
    }

    /// An appeal about this category in this place.
    pub async fn appeal(&self, category: &str, place: &str) -> Opened {
        let fields = [
            ("channel", "web"),
            ("category", category),
            ("summary", "邻居家的事"),
            ("place", place),
            ("contact_name", "样小燕"),
            ("contact_phone", "10000000001"),
            ("safe_contact", "只在上午打"),
        ];
        self.open("appeal", &fields).await
    }

    /// Does an action as somebody with this role in this unit.
    pub async fn act(
        &self,
        case: CaseId,
        (role, unit): (&str, &str),
        action: &str,
        fields: &[(&str, &str)],
    ) {
        let actor = Actor::Staff(self.staff(role, unit).await);
        let page = self.store.case_by_id(&self.pack, &domain::access::Viewer::System, case).await;
        let flow = page.unwrap().unwrap().case.workflow;
        let uses = self.pack.workflow(&flow).unwrap().action(action).unwrap().fields.clone();
        let given = self.checked(&flow, &uses, fields);
        let steps = vec![Step { action: action.to_owned(), given }];
        let act = Act { command: command(), actor, case, steps, files: Vec::new() };
        let done = self.store.act(&self.pack, self.now(), act).await;
        done.unwrap_or_else(|e| panic!("{action} by {role}@{unit}: {e:?}"));
    }

    /// Registers an appeal and sends it to triage.
    pub async fn triaged(&self, category: &str, place: &str) -> Opened {
        let opened = self.appeal(category, place).await;
        let desk = unit::HOTLINE;
        self.act(opened.done.case, ("operator", desk), "register", &[("category", category)]).await;
        self.act(opened.done.case, ("triage", desk), "to_triage", &[]).await;
        opened
    }

    /// An appeal that is dispatched by rule; answers the unit too.
    pub async fn dispatched(&self, category: &str, place: &str) -> (Opened, String) {
        let opened = self.triaged(category, place).await;
        self.act(
            opened.done.case,
            ("triage", unit::HOTLINE),
            "dispatch",
            &[("instruction", "当天联系")],
        )
        .await;
        let unit = self.unit_of(opened.done.case).await;
        (opened, unit)
    }

    pub async fn unit_of(&self, case: CaseId) -> String {
        let page = self.store.case_by_id(&self.pack, &domain::access::Viewer::System, case).await;
        page.unwrap().unwrap().case.unit
    }
}

fn command() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
}
