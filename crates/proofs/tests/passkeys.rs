//! What a browser may answer and what it may not.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use proofs::{Address, NotShown, Passkeys};
use testkit::Authenticator;

const ORIGIN: &str = "https://care.example";
const PERSON: [u8; 16] = [7; 16];

fn site() -> Passkeys {
    Passkeys::new(&Address::parse(ORIGIN).unwrap(), "Care").unwrap()
}

fn device() -> Authenticator {
    Authenticator::new(ORIGIN, "care.example")
}

type Lie = fn(&mut Authenticator);

/// A passkey that was made as it should be.
fn made(site: &Passkeys, device: &Authenticator) -> String {
    let asked = site.ask_new((&PERSON, "lin"), &[]).unwrap();
    site.take_new(&asked.state, &device.make(&asked.options)).unwrap().0
}

#[test]
fn a_passkey_is_made_and_shown() {
    let (site, mut device) = (site(), device());
    let key = made(&site, &device);
    let asked = site.ask(std::slice::from_ref(&key)).unwrap();
    let answer = device.show(&asked.options);
    let (n, after) = site.take(&asked.state, &answer, std::slice::from_ref(&key)).unwrap();
    assert_eq!(n, 0);
    assert_ne!(after, key, "the counter went on");
}

#[test]
fn a_passkey_of_another_place_is_not_made() {
    let site = site();
    let lies: [(&str, Lie); 5] = [
        ("another origin", |d| d.origin = "https://evil.example".into()),
        ("a part of the site", |d| d.origin = "https://a.care.example".into()),
        ("another port", |d| d.origin = "https://care.example:8443".into()),
        ("another name", |d| d.domain = "evil.example".into()),
        ("nobody verified", |d| d.verifies = false),
    ];
    for (what, lie) in lies {
        let mut device = device();
        lie(&mut device);
        let asked = site.ask_new((&PERSON, "lin"), &[]).unwrap();
        let taken = site.take_new(&asked.state, &device.make(&asked.options));
        assert_eq!(taken, Err(NotShown), "{what}");

        let mut device = self::device();
        let key = made(&site, &device);
        lie(&mut device);
        let asked = site.ask(std::slice::from_ref(&key)).unwrap();
        let answer = device.show(&asked.options);
        assert_eq!(site.take(&asked.state, &answer, &[key]), Err(NotShown), "{what}");
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let (site, mut device) = (site(), device());
    let key = [made(&site, &device)];
    let (first, second) = (site.ask(&key).unwrap(), site.ask(&key).unwrap());
    let answer = device.show(&first.options);
    assert_eq!(site.take(&second.state, &answer, &key), Err(NotShown));
    assert!(site.take(&first.state, &answer, &key).is_ok());
    let (first, second) = (
        site.ask_new((&PERSON, "lin"), &[]).unwrap(),
        site.ask_new((&PERSON, "lin"), &[]).unwrap(),
    );
    let answer = self::device().make(&first.options);
    assert_eq!(site.take_new(&second.state, &answer), Err(NotShown));
}

#[test]
fn a_copy_shows_itself_by_its_counter() {
    let (site, mut device) = (site(), device());
    let mut key = [made(&site, &device)];
    // It counts on by one each time it is shown.
    for (before, right) in [(4, true), (4, false), (3, false), (0, false), (5, true)] {
        let asked = site.ask(&key).unwrap();
        device.counter = before;
        let answer = device.show(&asked.options);
        match site.take(&asked.state, &answer, &key) {
            Ok((_, after)) => {
                assert!(right, "{before}");
                key = [after];
            }
            Err(NotShown) => assert!(!right, "{before}"),
        }
    }
}

#[test]
fn somebody_elses_passkey_is_refused() {
    let site = site();
    let (own, mut other) = (device(), device());
    let (own, others) = (made(&site, &own), made(&site, &other));
    let asked = site.ask(std::slice::from_ref(&own)).unwrap();
    let answer = other.show(&asked.options);
    assert_eq!(site.take(&asked.state, &answer, std::slice::from_ref(&own)), Err(NotShown));
    assert_eq!(site.take(&asked.state, &answer, &[own, others]), Err(NotShown));
}

#[test]
fn nonsense_is_refused() {
    let site = site();
    let key = [made(&site, &device())];
    for nonsense in ["", "{}", "null", "[]", "{\"id\":1}", "\u{0}"] {
        let asked = site.ask(&key).unwrap();
        assert_eq!(site.take(&asked.state, nonsense, &key), Err(NotShown), "{nonsense}");
        assert_eq!(site.take(nonsense, "{}", &key), Err(NotShown), "{nonsense}");
        let asked = site.ask_new((&PERSON, "lin"), &key).unwrap();
        assert_eq!(site.take_new(&asked.state, nonsense), Err(NotShown), "{nonsense}");
    }
    assert!(site.ask(&[]).is_err(), "nothing to ask for");
}

#[test]
fn a_machine_that_has_only_a_number_has_no_passkeys() {
    let number = Address::parse("http://127.0.0.1:12338").unwrap();
    assert!(Passkeys::new(&number, "Care").is_none());
    let name = Address::parse("http://localhost:12338").unwrap();
    assert_eq!(Passkeys::new(&name, "Care").unwrap().domain(), "localhost");
}
