//! What people do beside acting on cases: log in, read, search, take data out, administer. Decides
//! which reading is remembered and what a remembered deed holds.
//!
//! Invariant: a deed holds codes, counts and ids, never a name, a search term or a story. Shapes
//! are only ever added to; every stored deed must still be read.

use crate::{
    access,
    case::{AccountId, Case, CaseId},
    pack::{Pack, Sensitivity},
    workflow::Code,
};
use serde::{Deserialize, Serialize};

/// One thing that somebody did (PIPL article 54 and the audit rules of MLPS level 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Deed {
    /// Came in; `with` names the last proof: `password`, `code`, `recovery`, `passkey`, `provider`.
    LoggedIn {
        /// Code of the proof.
        with: Code,
    },
    /// Somebody tried to come in as this account and could not.
    LogInFailed {
        /// Code of the proof that was wrong.
        with: Code,
    },
    /// Went out.
    LoggedOut,
    /// Went on after the session had been locked for idleness.
    Unlocked,
    /// Read a case whose reading is remembered.
    Read {
        /// The case.
        case: CaseId,
    },
    /// Had one masked field of a case shown whole.
    Revealed {
        /// The case.
        case: CaseId,
        /// Code of the field.
        field: Code,
    },
    /// Searched; what was typed is nobody's business.
    Searched {
        /// How many cases were shown.
        hits: u32,
    },
    /// Took data out of the system.
    Exported {
        /// What: `file`, `paper`, the code of a table …
        what: Code,
        /// The case it came from, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseId>,
        /// Rows or files.
        rows: u32,
        /// The tag on it, by which a leaked copy leads back here.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        tag: Code,
    },
    /// Promised to keep what they learn to themselves.
    Pledged {
        /// Version of the promise.
        version: Code,
    },
    /// Changed an account or the rules.
    Administered {
        /// What was done, as a code.
        what: Code,
        /// The account it was done to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whom: Option<AccountId>,
        /// Roles, unit or version concerned, as codes.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// Opened a closed door in an emergency.
    BrokeGlass {
        /// The case.
        case: CaseId,
        /// Code of the reason.
        reason: Code,
    },
    /// Read the record of deeds itself.
    Audited {
        /// Whose deeds, when it was one account's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whom: Option<AccountId>,
        /// Which case's, when it was one case's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseId>,
    },
}

impl Deed {
    /// The kind of deed, as a code.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::LogInFailed { .. } => "log_in_failed",
            Self::LoggedOut => "logged_out",
            Self::Unlocked => "unlocked",
            Self::Read { .. } => "read",
            Self::Revealed { .. } => "revealed",
            Self::Searched { .. } => "searched",
            Self::Exported { .. } => "exported",
            Self::Pledged { .. } => "pledged",
            Self::Administered { .. } => "administered",
            Self::BrokeGlass { .. } => "broke_glass",
            Self::Audited { .. } => "audited",
        }
    }

    /// Whether it shows what the doer may see at any time, masked as ever, and changes, unmasks and
    /// takes out nothing. So many of these are remembered that none waits for the disk.
    pub fn only_looks(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::Searched { .. })
    }

    /// The case it concerns.
    pub fn case(&self) -> Option<CaseId> {
        match self {
            Self::Read { case } | Self::Revealed { case, .. } | Self::BrokeGlass { case, .. } => {
                Some(*case)
            }
            Self::Exported { case, .. } | Self::Audited { case, .. } => *case,
            Self::LoggedIn { .. }
            | Self::LogInFailed { .. }
            | Self::LoggedOut
            | Self::Unlocked
            | Self::Searched { .. }
            | Self::Pledged { .. }
            | Self::Administered { .. } => None,
        }
    }

    /// The account it was done to, when that is another than the doer's own.
    pub fn whom(&self) -> Option<AccountId> {
        match self {
            Self::Administered { whom, .. } | Self::Audited { whom, .. } => *whom,
            _ => None,
        }
    }

    /// Field, proof, reason or thing: the code that says more.
    pub fn detail(&self) -> String {
        match self {
            Self::LoggedIn { with } | Self::LogInFailed { with } => with.clone(),
            Self::Revealed { field, .. } => field.clone(),
            Self::Exported { what, tag, .. } if tag.is_empty() => what.clone(),
            Self::Exported { what, tag, .. } => format!("{what}:{tag}"),
            Self::Pledged { version } => version.clone(),
            Self::BrokeGlass { reason, .. } => reason.clone(),
            Self::Administered { what, detail, .. } if detail.is_empty() => what.clone(),
            Self::Administered { what, detail, .. } => format!("{what}:{detail}"),
            Self::LoggedOut
            | Self::Unlocked
            | Self::Read { .. }
            | Self::Searched { .. }
            | Self::Audited { .. } => String::new(),
        }
    }

    /// Hits or rows; zero where nothing is counted.
    pub fn amount(&self) -> u32 {
        match self {
            Self::Searched { hits } => *hits,
            Self::Exported { rows, .. } => *rows,
            _ => 0,
        }
    }
}

/// Whether it is remembered who reads this case: violence, sexual harm, danger, a seal, or an hour
/// that is still to come.
pub fn remembers_readers(pack: &Pack, case: &Case) -> bool {
    case.sensitivity(pack) != Sensitivity::Ordinary || access::is_early(pack, case)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One deed of every kind as it was first stored: each must be read for ever.
    #[test]
    fn stored_deeds_are_still_read() {
        for (json, kind, case, detail) in [
            (r#"{"t":"logged_in","with":"code"}"#, "logged_in", None, "code"),
            (r#"{"t":"log_in_failed","with":"password"}"#, "log_in_failed", None, "password"),
            (r#"{"t":"logged_out"}"#, "logged_out", None, ""),
            (r#"{"t":"unlocked"}"#, "unlocked", None, ""),
            (r#"{"t":"read","case":7}"#, "read", Some(7), ""),
            (r#"{"t":"revealed","case":7,"field":"phone"}"#, "revealed", Some(7), "phone"),
            (r#"{"t":"searched","hits":3}"#, "searched", None, ""),
            (r#"{"t":"exported","what":"file","case":7,"rows":1}"#, "exported", Some(7), "file"),
            (r#"{"t":"exported","what":"board","rows":9}"#, "exported", None, "board"),
            (
                r#"{"t":"exported","what":"desk_csv","rows":9,"tag":"AB12"}"#,
                "exported",
                None,
                "desk_csv:AB12",
            ),
            (r#"{"t":"pledged","version":"2026-1"}"#, "pledged", None, "2026-1"),
            (
                r#"{"t":"administered","what":"roles","whom":5,"detail":"handler"}"#,
                "administered",
                None,
                "roles:handler",
            ),
            (r#"{"t":"administered","what":"reload"}"#, "administered", None, "reload"),
            (r#"{"t":"broke_glass","case":7,"reason":"danger"}"#, "broke_glass", Some(7), "danger"),
            (r#"{"t":"audited","case":7}"#, "audited", Some(7), ""),
        ] {
            let deed: Deed = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
            let found = (deed.kind(), deed.case(), deed.detail());
            assert_eq!(found, (kind, case, detail.to_owned()), "{json}");
            assert_eq!(deed.only_looks(), ["read", "searched"].contains(&kind), "{json}");
            assert_eq!(serde_json::to_string(&deed).unwrap(), json);
        }
    }
}
