//! Reads what time means in a city: `calendar/*.csv`, `hours.toml`, `clocks.toml`.

use std::collections::BTreeMap;

use domain::clock::{
    Calendar, CalendarError, ListedDay, OfficeHours, Policy, Season, Thresholds, WorkTime, YearDays,
};
use jiff::{civil::Date, tz::Offset};
use serde::Deserialize;

use crate::{
    document::{Document, Worded},
    faults::Faults,
    folder::{File, Folders, Head},
    organisation::lines,
};

const COLUMNS: &str = "date,workday,name";
/// Ends the name of a year whose notice is not out yet: statutory days only, nothing moved.
const PROVISIONAL: &str = ".provisional";

/// Years of which only the statutory days are known; everybody who counts with them is told.
pub(crate) fn provisional_years(folders: &Folders, faults: &mut Faults) -> Vec<i16> {
    let files = folders.within("calendar", "csv", faults);
    let stems: Vec<&str> = files.iter().map(File::stem).collect();
    stems
        .iter()
        .filter_map(|stem| stem.strip_suffix(PROVISIONAL))
        .filter(|year| !stems.contains(year))
        .filter_map(|year| year.parse().ok())
        .collect()
}

/// English names of the holidays; every name in the calendar must be among them.
pub(crate) fn holidays(folders: &Folders, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for file in folders.files("calendar/names.toml", faults) {
        let Some(document) = Document::parse(&file, faults) else { continue };
        names.extend(document.rest::<BTreeMap<String, String>>(faults).unwrap_or_default());
    }
    for file in folders.within("calendar", "csv", faults) {
        for (line, text) in lines(&file).skip(1) {
            let name = text.split(',').nth(2).map_or("", str::trim);
            if !name.is_empty() && !names.contains_key(name) {
                let what = format!("the holiday `{name}` has no English");
                faults.add(&file.line(line), what, "add it to calendar/names.toml");
            }
        }
    }
    names
}

/// Calendar, office hours and offset of the city.
pub(crate) fn work_time(folders: &Folders, head: &Head, faults: &mut Faults) -> Option<WorkTime> {
    let calendar = calendar(folders, head, faults);
    let hours = hours(folders, faults);
    let offset = Offset::from_hours(head.utc_offset_hours).ok()?;
    Some(WorkTime::new(calendar?, hours?, offset))
}

fn calendar(folders: &Folders, head: &Head, faults: &mut Faults) -> Option<Calendar> {
    let mut years: BTreeMap<i16, (File, Vec<(u32, ListedDay)>)> = BTreeMap::new();
    for file in folders.within("calendar", "csv", faults) {
        let (name, provisional) = match file.stem().strip_suffix(PROVISIONAL) {
            Some(name) => (name, true),
            None => (file.stem(), false),
        };
        let Ok(year) = name.parse::<i16>() else {
            let advice = "name it after its year, for example calendar/2026.csv";
            faults.add(&file.line(1), "the file of the calendar names no year", advice);
            continue;
        };
        let days = days(&file, faults);
        // The notice replaces what was only known from the law, whichever file is read first.
        if !provisional || !years.contains_key(&year) {
            years.insert(year, (file, days));
        }
    }
    gaps(folders, head, &years, faults);
    let mut whole = Vec::new();
    for (year, (file, days)) in years {
        let days_of = |days: &[(u32, ListedDay)]| YearDays {
            year,
            days: days.iter().map(|(_, day)| day.clone()).collect(),
        };
        // The calendar itself knows what contradicts; asked row by row it also says where.
        match Calendar::new([days_of(&days)]) {
            Ok(_) => whole.push(days_of(&days)),
            Err(error) => refuse(&file, &days, error, faults),
        }
    }
    Calendar::new(whole).ok()
}

fn refuse(file: &File, days: &[(u32, ListedDay)], error: CalendarError, faults: &mut Faults) {
    let guilty = match error {
        CalendarError::WrongYear { date, .. } | CalendarError::DayTwice { date } => {
            days.iter().rev().find(|(_, day)| day.date == date)
        }
        CalendarError::NoSuchYear { .. } | CalendarError::YearTwice { .. } => None,
    };
    let at = file.line(guilty.map_or(1, |(line, _)| *line));
    let message = error.to_string();
    let (what, advice) = message.split_once("; ").unwrap_or((&message, "correct the file"));
    faults.add(&at, what, advice);
}

/// Every year from the first one given to the one the pack's version begins with must be there:
/// a deadline cannot be counted across a year that nobody described.
fn gaps<T>(folders: &Folders, head: &Head, years: &BTreeMap<i16, T>, faults: &mut Faults) {
    let of_version = head.version.split('.').next().and_then(|y| y.parse::<i16>().ok());
    let first = years.keys().next().copied().or(of_version);
    let last = years.keys().last().copied().max(of_version);
    let (Some(first), Some(last)) = (first, last) else {
        let advice = "add calendar/<year>.csv for every year in which deadlines fall";
        faults.add(&folders.missing("calendar"), "there is no calendar", advice);
        return;
    };
    for year in (first..=last).filter(|y| !years.contains_key(y)).take(20) {
        let at = folders.missing(&format!("calendar/{year}.csv"));
        let advice = "add the file with the days that the State Council's notice names";
        faults.add(&at, format!("no holiday data for {year}"), advice);
    }
}

fn days(file: &File, faults: &mut Faults) -> Vec<(u32, ListedDay)> {
    let mut days = Vec::new();
    for (line, text) in lines(file) {
        let at = file.line(line);
        if line == 1 {
            if text != COLUMNS {
                faults.add(&at, "the columns are not as expected", format!("write {COLUMNS}"));
            }
            continue;
        }
        let mut cells = text.split(',').map(str::trim);
        let date = cells.next().and_then(|d| d.parse::<Date>().ok());
        let workday = cells.next().and_then(|w| match w {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        });
        let name = cells.next().unwrap_or_default().to_owned();
        if let (Some(date), Some(workday), None) = (date, workday, cells.next()) {
            days.push((line, ListedDay { date, workday, name }));
        } else {
            let advice = "write date,workday,name with 1 for work and 0 for rest, for example \
                          2026-01-01,0,元旦";
            faults.add(&at, "the row is no day", advice);
        }
    }
    days
}

fn hours(folders: &Folders, faults: &mut Faults) -> Option<OfficeHours> {
    let files = folders.needed("hours.toml", faults);
    let file = files.last()?;
    let mut document = Document::parse(file, faults)?;
    let before = faults.len();
    let seasons = document.plain::<Season>("season", faults);
    document.end(faults);
    if faults.len() > before {
        return None;
    }
    let at = seasons.first().map_or_else(|| file.line(1), |(at, _)| at.clone());
    match OfficeHours::new(seasons.into_iter().map(|(_, season)| season).collect()) {
        Ok(hours) => Some(hours),
        Err(error) => {
            let message = error.to_string();
            let (what, advice) =
                message.split_once("; ").unwrap_or((&message, "correct from, to and sessions"));
            faults.add(&at, what, advice);
            None
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClocks {
    lights: Option<Thresholds>,
    escalation: Option<Policy>,
}

impl Worded for RawClocks {}

impl Worded for BTreeMap<String, String> {}

/// When lights turn and how overdue clocks climb.
pub(crate) fn policies(folders: &Folders, faults: &mut Faults) -> Option<(Thresholds, Policy)> {
    let (mut lights, mut escalation) = (None, None);
    let files = folders.needed("clocks.toml", faults);
    for file in &files {
        let raw: RawClocks = Document::parse(file, faults)?.rest(faults)?;
        lights = raw.lights.or(lights);
        escalation = raw.escalation.or(escalation);
    }
    let found = lights.zip(escalation);
    if let (None, Some(file)) = (&found, files.last()) {
        let advice = "write [lights] with yellow_percent and yellow_working_days, and [escalation] \
                      with every and max_steps";
        faults.add(&file.line(1), "the rules of lights or escalation are missing", advice);
    }
    found
}
