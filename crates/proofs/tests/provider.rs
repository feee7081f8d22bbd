//! What a provider may say and what it may not: each hostile answer is refused for its own reason.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use jiff::Timestamp;
use proofs::{Address, Config, Journey, Misconfigured, Provider, Setting, Shown, Trouble};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{CLIENT, CLIENT_SECRET, Signed, TestProvider, query};

const NOW: i64 = 1_767_578_400;
const IDLE_MINUTES: u32 = 30;
const SITE: &str = "https://care.example";

fn config(issuer: &str) -> Config {
    Config {
        name: "统一身份认证".into(),
        name_en: "City identity".into(),
        issuer: issuer.into(),
        client_id: CLIENT.into(),
        secret_file: None,
        ca_file: None,
        second_factor_amr: vec!["otp".into(), "hwk".into()],
        second_factor_acr: vec!["urn:level:2".into()],
    }
}

fn ready(config: &Config) -> Result<Provider, Misconfigured> {
    Provider::new(config, (&Address::parse(SITE).unwrap(), ["/back", "/left"]), |_| {
        Some(format!("{CLIENT_SECRET}\n"))
    })
}

fn at(second: i64) -> Setting {
    Setting { now: Timestamp::from_second(second).unwrap(), idle_minutes: IDLE_MINUTES }
}

/// A program, its provider, and a browser between them.
struct Town {
    other: TestProvider,
    program: Arc<Provider>,
}

impl Town {
    async fn new() -> Self {
        let other = TestProvider::start().await;
        let program = Arc::new(ready(&config(&other.issuer())).unwrap());
        Self { other, program }
    }

    async fn begin(&self, second: i64) -> Result<(String, Journey), Trouble> {
        let program = self.program.clone();
        tokio::task::spawn_blocking(move || program.begin(at(second))).await.unwrap()
    }

    async fn finish(&self, journey: &Journey, back: &str, second: i64) -> Result<Shown, Trouble> {
        let (program, journey) = (self.program.clone(), journey.clone());
        let code = query(back)["code"].clone();
        let asked = move || program.finish(&journey, &code, at(second));
        tokio::task::spawn_blocking(asked).await.unwrap()
    }

    /// Out and back at one second, with a token that says something else.
    async fn way(&self, changes: &Value) -> Result<Shown, Trouble> {
        let (url, journey) = self.begin(NOW).await?;
        let back = self.other.let_in(&url, NOW, changes);
        self.finish(&journey, &back, NOW).await
    }
}

#[tokio::test]
async fn somebody_goes_out_and_comes_back() {
    let town = Town::new().await;
    let (url, journey) = town.begin(NOW).await.unwrap();
    let asked = query(&url);
    assert!(url.starts_with(&format!("{}/authorize?", town.other.issuer())), "{url}");
    assert_eq!(asked["redirect_uri"], "https://care.example/back");
    assert_eq!(asked["state"], journey.state);
    assert_eq!(asked["max_age"], "1800");
    let (_, another) = town.begin(NOW).await.unwrap();
    assert_ne!(journey.state, another.state);
    let back = town.other.let_in(&url, NOW, &json!({}));
    let shown = town.finish(&journey, &back, NOW).await.unwrap();
    assert_eq!((shown.subject.as_str(), shown.second_factor), ("subject-1", false));
    let seen = format!("{shown:?} {journey:?} {:?}", town.program);
    assert!(!seen.contains("subject-1") && !seen.contains(&journey.state), "{seen}");
}

#[tokio::test]
async fn the_way_out_of_the_provider_is_told_where_there_is_one() {
    let town = Town::new().await;
    let end = async || {
        let program = town.program.clone();
        let now = at(NOW).now;
        tokio::task::spawn_blocking(move || program.end(now)).await.unwrap()
    };
    let url = end().await.unwrap().unwrap();
    assert!(url.starts_with(&format!("{}/session/end?", town.other.issuer())), "{url}");
    let asked = query(&url);
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["post_logout_redirect_uri"], "https://care.example/left");
    assert!(!asked.contains_key("id_token_hint"), "what was signed is not kept");
    let other = TestProvider::start().await;
    other.keep_sessions();
    let program = Arc::new(ready(&config(&other.issuer())).unwrap());
    let found = tokio::task::spawn_blocking(move || program.end(at(NOW).now)).await.unwrap();
    assert_eq!(found, Ok(None));
}

#[tokio::test]
async fn what_is_not_an_answer_to_this_journey_is_refused() {
    let town = Town::new().await;
    for (changes, why) in [
        (json!({ "nonce": "another-nonce-of-somebody" }), "nonce"),
        (json!({ "nonce": null }), "nonce"),
        (json!({ "aud": "another-program" }), "audience"),
        (json!({ "aud": [CLIENT, "another-program"] }), "audience"),
        (json!({ "aud": [] }), "audience"),
        (json!({ "azp": "another-program" }), "party"),
        (json!({ "iss": "https://evil.example" }), "issuer"),
        (json!({ "exp": NOW - 61 }), "expired"),
        (json!({ "iat": NOW - 661 }), "expired"),
        (json!({ "iat": NOW + 61 }), "expired"),
        (json!({ "auth_time": NOW - 1_861 }), "log_in_time"),
        (json!({ "auth_time": NOW + 61 }), "log_in_time"),
        (json!({ "auth_time": null }), "log_in_time"),
        (json!({ "sub": "" }), "subject"),
        (json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }), "access_token"),
    ] {
        let found = town.way(&changes).await;
        assert_eq!(found, Err(Trouble::Wrong(why)), "{changes}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let town = Town::new().await;
    for changes in [
        json!({ "exp": NOW - 59 }),
        json!({ "iat": NOW + 60 }),
        json!({ "iat": NOW - 660 }),
        json!({ "auth_time": NOW - 1_860 }),
        json!({ "aud": [CLIENT] }),
        json!({ "azp": CLIENT }),
    ] {
        assert!(town.way(&changes).await.is_ok(), "{changes}");
    }
}

#[tokio::test]
async fn only_the_providers_own_key_signs() {
    let town = Town::new().await;
    for signed in [Signed::ByAnother, Signed::Not, Signed::WithSecret] {
        town.other.sign(signed);
        let found = town.way(&json!({})).await;
        assert!(
            matches!(found, Err(Trouble::Wrong("signature" | "claims" | "answer"))),
            "{signed:?} {found:?}"
        );
    }
    town.other.sign(Signed::Rightly);
    assert!(town.way(&json!({})).await.is_ok());
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_asked_for() {
    let town = Town::new().await;
    assert!(town.way(&json!({})).await.is_ok());
    town.other.change_key();
    assert!(town.way(&json!({})).await.is_ok());
}

#[tokio::test]
async fn a_code_is_taken_once_and_only_with_its_own_proof() {
    let town = Town::new().await;
    let (url, journey) = town.begin(NOW).await.unwrap();
    let back = town.other.let_in(&url, NOW, &json!({}));
    let (_, another) = town.begin(NOW).await.unwrap();
    let stolen = town.finish(&another, &back, NOW).await;
    assert_eq!(stolen, Err(Trouble::Refused), "the verifier of another journey");
    let again = town.finish(&journey, &back, NOW).await;
    assert_eq!(again, Err(Trouble::Refused), "a code that was tried is spent");
}

#[tokio::test]
async fn a_trusted_word_stands_for_a_second_factor() {
    let town = Town::new().await;
    for (changes, second) in [
        (json!({ "amr": ["pwd"] }), false),
        (json!({ "amr": ["pwd", "otp"] }), true),
        (json!({ "amr": ["OTP"] }), false),
        (json!({ "acr": "urn:level:1" }), false),
        (json!({ "acr": "urn:level:2" }), true),
    ] {
        let shown = town.way(&changes).await.unwrap();
        assert_eq!(shown.second_factor, second, "{changes}");
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_not_waited_for_at_once_again() {
    let town = Town::new().await;
    town.other.set_away(true);
    assert_eq!(town.begin(NOW).await.map(drop), Err(Trouble::Away));
    town.other.set_away(false);
    assert_eq!(town.begin(NOW + 9).await.map(drop), Err(Trouble::Away), "it is left alone");
    assert!(town.begin(NOW + 10).await.is_ok());
}

#[test]
fn a_provider_that_cannot_be_trusted_is_refused_at_the_start() {
    let whole = config("https://id.example");
    assert!(ready(&whole).is_ok());
    for (changed, why) in [
        (Config { issuer: "http://id.example".into(), ..whole.clone() }, Misconfigured::Issuer),
        (Config { issuer: "id.example".into(), ..whole.clone() }, Misconfigured::Issuer),
        (Config { name: " ".into(), ..whole.clone() }, Misconfigured::Nameless),
        (Config { client_id: String::new(), ..whole.clone() }, Misconfigured::Nameless),
        (
            Config { secret_file: Some("/nowhere".into()), ..whole.clone() },
            Misconfigured::File("secret_file"),
        ),
        (
            Config { ca_file: Some("/nowhere".into()), ..whole.clone() },
            Misconfigured::File("ca_file"),
        ),
    ] {
        assert_eq!(ready(&changed).map(drop), Err(why), "{changed:?}");
    }
    let site = Address::parse(SITE).unwrap();
    let bare = Provider::new(&whole, (&site, ["/back", "/left"]), |_| None);
    assert_eq!(bare.map(drop), Err(Misconfigured::NoSecret));
}
