//! `xiaohe why`: by which rows of the access table somebody sees a case, or why not, and nothing of
//! what the case holds.

use crate::support::Town;
use domain::{case::Actor, guarded::Barred, secrecy::Change};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{NewAccount, Store};
use testkit::{Appeal, Stand, actor, unit};
use vault::Keys;

/// What the case holds, and the answer must not.
const SECRETS: [&str; 4] = ["丈夫酒后动手", "昨晚摔了碗筷", "欧阳如意", "10000007788"];

/// A city whose database is filled by the library and asked by the binary.
struct City {
    town: Town,
    stand: Stand,
    number: String,
}

impl City {
    /// A sensitive case in the hands of the eastern county, and three accounts.
    async fn new() -> Self {
        let town = Town::new();
        town.make_keys();
        let keys = Keys::load(&town.path("city.keys")).expect("keys");
        let mut stand = Stand::sqlite().await;
        stand.store = Store::open(&stand.url, Arc::new(keys)).await.expect("a store");
        stand.store.keep_rules(&stand.pack, stand.clock.now()).await.expect("rules");
        let appeal = Appeal::new("0201", SECRETS[0])
            .with("narrative", SECRETS[1])
            .with("contact_name", SECRETS[2])
            .with("contact_phone", SECRETS[3]);
        let opened = stand.open(&appeal).await;
        let case = opened.done.case;
        let triage = actor(2, unit::HOTLINE, "triage");
        stand.act(&triage, case, "register", &[("category", "0201")]).await;
        stand.act(&triage, case, "to_triage", &[]).await;
        stand.act(&triage, case, "dispatch_to", &[("unit", unit::EAST)]).await;
        let city = Self { town, stand, number: opened.number };
        city.hire("east", unit::EAST, "handler").await;
        city.hire("west", unit::WEST, "handler").await;
        city.hire("town", unit::EAST_TOWN, "handler").await;
        let leader = actor(13, unit::EAST, "leader");
        city.bar(&leader, case, Barred::Unit(unit::EAST_TOWN.to_owned())).await;
        city
    }

    async fn hire(&self, username: &str, unit: &str, role: &str) -> i64 {
        let new = NewAccount {
            username: username.to_owned(),
            password: String::new(),
            name: "员工".to_owned(),
            unit: unit.to_owned(),
            roles: vec![role.to_owned()],
        };
        self.stand.store.create_account(new).await.expect("an account")
    }

    async fn bar(&self, by: &Actor, case: i64, who: Barred) {
        self.stand.guard(by, case, Change::Bar(who)).await.expect("kept out");
    }

    /// Exit status, what is printed and what is complained of; in neither stands what the case holds.
    fn why(&self, args: &[&str]) -> (bool, String, String) {
        let mut command = self.town.command(args);
        let out = command.env("XIAOHE_DB", &self.stand.url).output().expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (said, complained) = (text(&out.stdout), text(&out.stderr));
        for secret in SECRETS {
            assert!(!said.contains(secret) && !complained.contains(secret), "{args:?}: {secret}");
        }
        (out.status.success(), said, complained)
    }

    fn said(&self, who: &str) -> String {
        let (done, said, complained) = self.why(&["why", who, &self.number]);
        assert!(done, "{who}: {complained}");
        said
    }

    fn json(&self, who: &str) -> Value {
        let (done, said, complained) = self.why(&["--json", "why", who, &self.number]);
        assert!(done, "{who}: {complained}");
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_are_named_by_which_somebody_sees_a_case() {
    let city = City::new().await;
    let said = city.said("east");
    assert!(said.contains("sees the case, which is sensitive") && said.contains("\"as\":\"unit\""));
    let answer = city.json("east");
    assert_eq!((&answer["sees"], &answer["sensitivity"]), (&json!(true), &json!("sensitive")));
    let rows = answer["rows"].as_array().expect("rows");
    let unit = rows.iter().find(|row| row["as"] == "unit").expect("the row of the unit");
    let whole = json!({
        "identity": "full", "contact": "full", "story": "full", "evidence": "full",
        "reporter": "none",
    });
    assert_eq!((&unit["role"], &unit["sees"]), (&json!("handler"), &whole));
    assert_eq!(unit["may"], json!(["act", "reveal", "export", "lend"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_nothing_is_told_why() {
    let city = City::new().await;
    assert!(city.said("west").contains("no row applies to a sensitive case as city"));
    let answer = city.json("west");
    assert_eq!(
        answer,
        json!({
            "sees": false, "because": "no_row", "sensitivity": "sensitive", "standings": ["city"],
        })
    );
    assert!(city.said("town").contains("sees nothing: the unit is kept out"));
    assert_eq!(city.json("town"), json!({ "sees": false, "because": "barred_with_unit" }));

    let account = city.hire("kin", unit::EAST, "handler").await;
    let case = city.stand.store.case_for_why(
        &city.stand.pack,
        &domain::access::Viewer::System,
        &city.number,
    );
    let case = case.await.expect("an answer").expect("a case").id;
    city.bar(&actor(13, unit::EAST, "leader"), case, Barred::Person(account)).await;
    assert!(city.said("kin").contains("sees nothing: kept out by name"));
    assert_eq!(city.json("kin"), json!({ "sees": false, "because": "barred_by_name" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_number_or_name_is_said_to_be_unknown() {
    let city = City::new().await;
    let unknown = "26-0000-0000-0";
    for args in [vec!["why", "east", unknown], vec!["--json", "why", "east", unknown]] {
        let (done, said, complained) = city.why(&args);
        assert!(!done && said.is_empty(), "{said}");
        assert!(complained.contains(&format!("there is no case {unknown}")), "{complained}");
    }
    let (done, _, complained) = city.why(&["why", "nobody", &city.number]);
    assert!(!done && complained.contains("there is no account nobody"), "{complained}");
}
