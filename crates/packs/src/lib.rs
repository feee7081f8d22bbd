//! Data files of a city → a checked [`domain::pack::Pack`].
//!
//! Decides how a pack is written and refuses everything that is not: an unknown key, a reference
//! to nothing, a workflow that could lose a case. Every fault names file, line and what to do, and
//! reading goes on after a fault, so that an officer sees all of them at once.
//!
//! Never decides what the rules mean (that is `domain`), and never reads anything but the folder
//! of the city and the folder that its `base` names.
//!
//! The base is read first. The city adds to it, or replaces an entry by giving its code again: one
//! role, category or message inside a list, a whole file for a workflow, document or year of the
//! calendar. A city's own routing rules come before those of the base, because the first that fits
//! decides and the base ends with the rule that fits everything.

mod access;
mod check;
mod document;
mod draw;
mod faults;
mod figures;
mod flow;
mod folder;
mod forms;
mod matters;
mod open311;
mod organisation;
mod papers;
mod personal;
mod press;
mod protection;
mod routing;
mod rules;
mod texts;
mod tiles;
mod time;

use std::{collections::BTreeMap, path::Path, path::PathBuf, sync::Arc};

use domain::{pack::Pack, workflow::Code};

pub use domain::soundness::Fault;
pub use draw::draw;
pub use matters::MESSAGE_VARIABLES;
pub use open311::{Answer, Attribute, Datatype, Offer, Timing};
pub use papers::PAPER_VARIABLES;
pub use texts::{Commitment, HomeText, HomeTexts};

use faults::Faults;
use folder::Folders;

/// Everything that the data files of a city say.
#[derive(Debug, Clone)]
pub struct City {
    /// The rules, checked and proved.
    pub pack: Arc<Pack>,
    /// Templates of official documents by code; every one that a workflow issues is here.
    pub papers: BTreeMap<Code, paper::Template>,
    /// Words of the public home page.
    pub home: HomeTexts,
    /// Services that are open to the Open311 standard; none of them is sensitive.
    pub services: Vec<Offer>,
    /// Folder with invented appeals for demonstrations; may not exist.
    pub demo: PathBuf,
    /// The folder that was read.
    pub dir: PathBuf,
    /// Years whose holiday notice is not out yet: deadlines in them count with statutory days
    /// only and may still move.
    pub provisional_years: Vec<i16>,
}

/// Reads and checks the pack in a folder.
///
/// # Errors
/// Every fault that was found, in the order of files and lines; never an empty list.
pub fn load(dir: &Path) -> Result<City, Vec<Fault>> {
    let mut faults = Faults::default();
    let Some((folders, head)) = folder::open(dir, &mut faults) else { return Err(faults.sorted()) };
    let city = assemble(&folders, head, &mut faults);
    let found = faults.sorted();
    match city {
        Some(city) if found.is_empty() => Ok(city),
        _ => Err(found),
    }
}

fn assemble(folders: &Folders, head: folder::Head, faults: &mut Faults) -> Option<City> {
    let (regions, units, kinds) = organisation::tree(folders, &head, faults);
    let roles = organisation::roles(folders, &units, faults);
    let risk = matters::risk(folders, &kinds, faults);
    let categories = matters::categories(folders, &risk, faults);
    let channels = matters::channels(folders, faults);
    let messages = matters::messages(folders, faults);
    let secrecy = access::secrecy(folders, &messages, faults);
    let work_time = time::work_time(folders, &head, faults);
    let holidays = time::holidays(folders, faults);
    let policies = time::policies(folders, faults);
    let routing = routing::rules(folders, faults);
    let flows = flow::workflows(folders, faults);
    let programmes = matters::programmes(folders, faults);
    let personal = personal::read(folders, faults);
    let papers = papers::templates(folders, faults);
    let (figures, press) = (figures::figures(folders, faults), press::press(folders, faults));
    let forms = forms::forms(folders, faults);
    let services = open311::services(folders, faults);
    let home = texts::home(folders, faults);
    let pledge = texts::pledge(folders, faults);
    let targets = figures::targets(folders, faults);

    let (lights, escalation) = policies?;
    let version = head.version.clone();
    let pack = Pack {
        code: head.code,
        name: head.name,
        en: head.en,
        version: head.version,
        brand: head.brand,
        idle_minutes: head.idle_minutes,
        export_hours: head.export_hours,
        pledge: pledge?,
        tiles: tiles::tiles(folders, &regions, faults),
        regions,
        units,
        roles,
        categories,
        risk,
        routing,
        secrecy: secrecy?,
        channels: channels.iter().map(|c| (c.code.clone(), c.value.clone())).collect(),
        holidays,
        messages,
        programmes: programmes.known,
        targets: targets?,
        figures: domain::figure::Figures::new(figures.iter().map(|f| f.figure.clone())),
        forms: forms.into_iter().map(|f| (f.code.clone(), f)).collect(),
        press: press.press.clone(),
        rights: personal.rights.clone(),
        retention: personal.retention.clone(),
        processing: personal.processing.clone(),
        rules: rules::dated(&version, (work_time?, lights, escalation), flows),
        past: BTreeMap::new(),
    };
    access::workflows(&pack, faults);
    check::parts(&pack, &channels, &programmes.at, &services, faults);
    personal.check(&pack, faults);
    check::workflows(&pack, &pack.rules, &papers, faults);
    figures::check(&pack, &figures, &papers, faults);
    press::check(&pack, &press, faults);
    Some(City {
        pack: Arc::new(pack),
        papers,
        home: home?,
        services: services.into_iter().map(|s| s.value).collect(),
        demo: folders.demo(),
        dir: folders.city.clone(),
        provisional_years: time::provisional_years(folders, faults),
    })
}
