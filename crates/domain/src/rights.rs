//! The rights of the person (PIPL articles 44 to 50): a copy, a correction, withdrawal of consent,
//! erasure; the legal hold that stands against erasure; and the end of a case when its time is
//! over. One mechanism beside every workflow: the law knows no workflows, and a case that lives
//! under old rules has the same rights. The pack says who decides, how fast, and on which grounds.
//!
//! Decides and erases nothing: the fact that a case is erased makes the store do it.

mod deciding;

pub use deciding::{
    Wish, answers, copy_is_online, decide, is_correctable, may_be_online, may_hand_copy, possible,
    shuts, waits_at,
};
pub(crate) use deciding::{climb, wake_at};

use crate::{
    case::By,
    clock::{Clock, Span},
    field::Meaning,
    workflow::Code,
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// The list of open requests, beside the kinds of task of the workflows.
pub const KIND: &str = "personal_right";
/// The action under which texts of a request are kept.
pub const ASKED: &str = "right_asked";
/// The action under which texts of an answer are kept.
pub const ANSWERED: &str = "right_answered";
/// The action under which the first of two persons says what was found; never told to the person.
pub const CHECKED: &str = "right_checked";
/// The action under which the reason of a hold is kept; never told to the person.
pub const HOLD: &str = "legal_hold";
/// The field for what the person says about a request.
pub const WISH: &str = "right_wish";
/// The field for the reason that is given to the person.
pub const REASON: &str = "right_reason";
/// The field for the reason of a hold.
pub const HOLD_REASON: &str = "hold_reason";
/// In front of the code of a field whose wording is asked to be another.
pub const WANTED: &str = "wanted.";
/// The rule under which a case is erased that the person asked for.
pub const BY_REQUEST: &str = "request";
/// What somebody may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// A copy of what they gave and were answered (article 45).
    Copy,
    /// Another wording in place of a wrong one (article 46).
    Correct,
    /// An end to what rests on consent alone (article 15).
    Withdraw,
    /// Erasure (article 47).
    Erase,
}

impl Right {
    /// All of them, in the order of pages.
    pub const ALL: [Self; 4] = [Self::Copy, Self::Correct, Self::Withdraw, Self::Erase];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Correct => "correct",
            Self::Withdraw => "withdraw",
            Self::Erase => "erase",
        }
    }

    /// The right with this code.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.code() == code)
    }
}

/// What the pack says about the rights of the person.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// How long an answer may take.
    pub span: Option<Span>,
    /// Roles that write down a request of somebody who comes in person.
    pub takes: Vec<Code>,
    /// Roles that answer; for an erasure, the first of two persons.
    pub answers: Vec<Code>,
    /// Roles that erase, as the second person.
    pub approves: Vec<Code>,
    /// Roles that set and lift a legal hold.
    pub holds: Vec<Code>,
    /// So many days a granted copy may be fetched from the page of the case.
    pub page_days: u16,
    /// Grounds of a refusal or a hold, in the order of pages.
    pub bases: Vec<Basis>,
}

/// A ground in law.
#[derive(Debug, Clone)]
pub struct Basis {
    /// Stable code.
    pub code: Code,
    /// What it is.
    pub name: String,
    /// The same in English.
    pub en: String,
    /// Requests that may be refused on it.
    pub refuses: Vec<Right>,
    /// Whether a hold may rest on it.
    pub holds: bool,
}

impl Policy {
    /// The ground with this code.
    pub fn basis(&self, code: &str) -> Option<&Basis> {
        self.bases.iter().find(|b| b.code == code)
    }
}

/// What happened to the rights on a case. Stored for good; shapes are only ever added to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Event {
    /// Somebody asked.
    Asked {
        /// Ordinal within the case, from 1.
        id: u32,
        /// For what.
        right: Right,
        /// Field to be corrected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<Code>,
        /// When it must be answered.
        clock: Clock,
    },
    /// The first of two persons found that the case may be erased.
    Checked {
        /// Request.
        id: u32,
    },
    /// It was granted.
    Granted {
        /// Request.
        id: u32,
        /// A copy may be fetched from the page of the case; otherwise it is handed over.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        online: bool,
    },
    /// It was refused.
    Refused {
        /// Request.
        id: u32,
        /// The ground.
        basis: Code,
    },
    /// The case must be kept, whatever is asked and however old it is.
    Held {
        /// The ground.
        basis: Code,
    },
    /// It need not be kept any longer.
    Released,
    /// Everything readable is gone for good.
    Erased {
        /// Rule of the pack, or [`BY_REQUEST`].
        rule: Code,
        /// The list it stood on, which the certificate names.
        list: String,
    },
}

/// The rights on a case, as the fold of their events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rights {
    /// Everything that was asked for, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
    /// The hold that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Since when there is no consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Date>,
    /// How it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<Gone>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Ordinal within the case.
    pub id: u32,
    /// For what.
    pub right: Right,
    /// Field to be corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Code>,
    /// Who wrote it down.
    pub by: By,
    /// When it must be answered.
    pub clock: Clock,
    /// The first of two persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<By>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Who decided.
    pub by: By,
    /// The ground of a refusal; none when it was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Code>,
    /// A copy may be fetched from the page of the case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// The ground.
    pub basis: Code,
    /// Since.
    pub day: Date,
    /// Who set it.
    pub by: By,
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gone {
    /// Rule, or [`BY_REQUEST`].
    pub rule: Code,
    /// The day.
    pub day: Date,
}

impl Rights {
    /// Whether nothing of all this ever happened.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Requests without an answer.
    pub fn open(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|r| r.end.is_none())
    }

    /// The request with this ordinal.
    pub fn request(&self, id: u32) -> Option<&Request> {
        self.requests.iter().find(|r| r.id == id)
    }

    /// The clock of a request.
    pub fn clock(&self, code: &str) -> Option<&Clock> {
        self.requests.iter().map(|r| &r.clock).find(|c| c.code() == code)
    }

    /// The rights after one more event.
    pub(crate) fn apply(&mut self, (at, day, by): (Timestamp, Date, &By), event: &Event) {
        let end = |basis: Option<&Code>, online: bool| {
            Some(End { at, by: by.clone(), basis: basis.cloned(), online })
        };
        match event {
            Event::Asked { id, right, field, clock } => self.requests.push(Request {
                id: *id,
                right: *right,
                field: field.clone(),
                by: by.clone(),
                clock: clock.clone(),
                checked: None,
                end: None,
            }),
            Event::Checked { id } => self.change(*id, |r| r.checked = Some(by.clone())),
            Event::Granted { id, online } => {
                if self.request(*id).is_some_and(|r| r.right == Right::Withdraw) {
                    self.withdrawn = Some(day);
                }
                self.change(*id, |r| r.end = end(None, *online));
            }
            Event::Refused { id, basis } => self.change(*id, |r| r.end = end(Some(basis), false)),
            Event::Held { basis } => {
                self.hold = Some(Hold { basis: basis.clone(), day, by: by.clone() });
            }
            Event::Released => self.hold = None,
            Event::Erased { rule, list: _ } => self.erased = Some(Gone { rule: rule.clone(), day }),
        }
    }

    fn change(&mut self, id: u32, change: impl FnOnce(&mut Request)) {
        if let Some(request) = self.requests.iter_mut().find(|r| r.id == id) {
            change(request);
        }
    }
}

/// Why a wish is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Bar {
    /// It is another's to do.
    #[error("this is not for you to do")]
    NotYours,
    /// The same is asked for already.
    #[error("the same was asked for and is not answered yet")]
    Twice,
    /// There is no such request, or it is answered.
    #[error("there is no such open request")]
    NoRequest,
    /// There is no such field, or it cannot be corrected.
    #[error("this cannot be corrected")]
    NoField,
    /// Nothing was said that a decision needs: the wording, or the reason.
    #[error("a reason or a wording is missing")]
    NoWords,
    /// The ground is unknown or does not carry this.
    #[error("this ground does not carry it")]
    NoBasis,
    /// The case is open.
    #[error("the case is open; it can be erased when it is closed")]
    Open,
    /// A legal hold stands against it.
    #[error("a legal hold stands against it")]
    Held,
    /// There is no hold.
    #[error("there is no legal hold")]
    NotHeld,
    /// Other requests of the person must be answered first.
    #[error("other requests on this case must be answered first")]
    Others,
    /// The first of two persons has not looked.
    #[error("another person must look first")]
    Unchecked,
    /// The second of two persons is the first.
    #[error("a second person must decide this")]
    SamePerson,
    /// Everything is erased.
    #[error("the case is erased")]
    Gone,
    /// Its time is not over.
    #[error("the time for which it must be kept is not over")]
    NotDue,
    /// Whoever decides on a correction has not seen what it replaces by what.
    #[error("the old and the new wording must be looked at first")]
    Unseen,
    /// A copy must be handed over in person where a page could be read by others.
    #[error("this copy must be handed over in person")]
    InPerson,
}

impl Bar {
    /// Key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::NotYours => "not_yours",
            Self::Twice => "twice",
            Self::NoRequest => "no_request",
            Self::NoField => "no_field",
            Self::NoWords => "no_words",
            Self::NoBasis => "no_basis",
            Self::Open => "open",
            Self::Held => "held",
            Self::NotHeld => "not_held",
            Self::Others => "others",
            Self::Unchecked => "unchecked",
            Self::SamePerson => "same_person",
            Self::Gone => "gone",
            Self::NotDue => "not_due",
            Self::Unseen => "unseen",
            Self::InPerson => "in_person",
        }
    }
}

/// What a field of a request means; none for fields of the workflow itself.
pub fn meaning(field: &str) -> Option<Meaning> {
    match field {
        REASON => Some(Meaning::Answer),
        WISH => Some(Meaning::Story),
        HOLD_REASON => Some(Meaning::Work),
        _ => None,
    }
}

/// Whether texts under this action are the person's own, or were given to the person: requests that
/// staff wrote down for somebody, and their answers. A correction puts the person's own words into
/// the fields of the workflow.
pub fn is_the_persons(action: &str) -> bool {
    matches!(action, ASKED | ANSWERED)
}
