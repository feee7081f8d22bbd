//! From a claimed message to a letter that can go: address from the sealed side, words from the
//! pack. Here alone a telephone is opened for sending; it is never stored or logged.

use crate::{
    CasePage, Store,
    db::Error,
    messages,
    outbox::{Claimed, Fate},
};
use domain::{
    access::Viewer,
    contact,
    field::Meaning,
    pack::Pack,
    reporter::REPORTER,
    sending::{self, Reach, Said, Verdict, Why},
    workflow::Workflow,
};
use jiff::Timestamp;
use std::fmt;
use vault::{Purpose, normalise_phone};

/// Where a message goes. Never printed: it may be a telephone.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// Digits to be dialled.
    Phone(String),
    /// Code of a unit, whose desk the city's message platform knows.
    Unit(String),
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Phone(_) => "Phone(…)",
            Self::Unit(_) => "Unit(…)",
        })
    }
}

/// A message ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same at every attempt, and no other message of any installation has it.
    pub id: String,
    /// Where to.
    pub to: Address,
    /// The neutral words.
    pub words: String,
}

impl Store {
    /// Makes a claimed message ready, or says why it must not leave now. The telephone comes from
    /// the sealed side of the case and goes nowhere but into the answer.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn letter(
        &self,
        pack: &Pack,
        now: Timestamp,
        message: &Claimed,
    ) -> Result<Result<Letter, Fate>, Error> {
        let found = self.case_by_id(pack, &Viewer::System, message.case).await?;
        let Some(page) = found else { return Ok(Err(Fate::Withheld(Why::NoText))) };
        let phone = phone(pack, &page);
        let verdict = if message.unit.is_empty() {
            let said = plan_in_words(pack.flow_of(&page.case), &page);
            let reach = Reach {
                phone: phone.is_some(),
                words: !said.is_empty(),
                blocked: phone.as_deref().is_some_and(|phone| {
                    said.iter().any(|numbers| contact::is_blocked(numbers, phone))
                }),
            };
            sending::to_person(pack, &page.case, reach, message.at, now)
        } else {
            sending::to_unit(&page.case, &message.unit, message.at, now)
        };
        let to = match (message.unit.is_empty(), phone) {
            (false, _) => Some(Address::Unit(message.unit.clone())),
            (true, phone) => phone.map(Address::Phone),
        };
        Ok(match (verdict, to, words(pack, &page, message)) {
            (Verdict::NotBefore(at), ..) => Err(Fate::NotBefore(at)),
            (Verdict::Withheld(why), ..) => Err(Fate::Withheld(why)),
            (Verdict::Go, None, _) => Err(Fate::Withheld(Why::NoPhone)),
            (Verdict::Go, _, None) => Err(Fate::Withheld(Why::NoText)),
            (Verdict::Go, Some(to), Some(words)) => {
                Ok(Letter { id: self.letter_id(message.id), to, words })
            }
        })
    }

    /// The id under which a gateway knows a message: of this installation and no other.
    fn letter_id(&self, id: i64) -> String {
        let [a, b, c, d, ..] = self.keys.mac(Purpose::Receipts, b"outbox");
        let tag = u32::from_be_bytes([a, b, c, d]);
        format!("m_{tag:08x}_{id}")
    }
}

/// What the words of a message are made of.
pub(crate) struct Waiting<'a> {
    pub(crate) seq: i64,
    pub(crate) message: &'a str,
    pub(crate) unit: &'a str,
}

impl Waiting<'_> {
    pub(crate) fn words(&self, pack: &Pack, page: &CasePage) -> Option<String> {
        let entry = page.entries.iter().find(|e| e.seq == self.seq)?;
        let to = pack.messages.get(self.message)?.to;
        let (due, step) = messages::asked(&page.case, &entry.facts, self.unit);
        let due = due.map(|at| sending::due_words(pack, at, to));
        let said =
            Said { number: &page.number, due: due.as_deref(), step, sender: &pack.brand.short };
        sending::words(pack, self.message, said)
    }
}

fn words(pack: &Pack, page: &CasePage, message: &Claimed) -> Option<String> {
    Waiting { seq: message.seq, message: &message.message, unit: &message.unit }.words(pack, page)
}

/// The number that the opening asks for, as it was last given. Numbers of other people on the case
/// are never called by a program.
fn phone(pack: &Pack, page: &CasePage) -> Option<String> {
    let flow = pack.flow_of(&page.case)?;
    let asked = flow.opening.fields.iter().filter_map(|f| flow.fields.get(&f.code));
    let given = asked.filter(|f| f.meaning == Meaning::Phone).find_map(|f| said(page, &f.code));
    given.and_then(|text| normalise_phone(text).ok())
}

/// What the person wrote about being contacted safely, numbers never to be called among it.
fn plan_in_words<'a>(flow: Option<&Workflow>, page: &'a CasePage) -> Vec<&'a str> {
    let fields = flow.into_iter().flat_map(|f| f.fields.values());
    let plans = fields.filter(|f| f.meaning == Meaning::SafeContact);
    plans.filter_map(|f| said(page, &f.code)).filter(|text| !text.trim().is_empty()).collect()
}

/// What the opening was told in a field, by the person or by whoever reports for them.
fn said<'a>(page: &'a CasePage, field: &str) -> Option<&'a str> {
    page.text(field).or_else(|| page.text(&format!("{REPORTER}{field}")))
}
