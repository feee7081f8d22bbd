//! The sample city, its units and its keys. The same in every test.

use domain::pack::Pack;
use packs::City;
use std::{
    path::Path,
    sync::{Arc, LazyLock},
};
use vault::{Keys, Suite};

/// Codes of units of the sample city.
pub mod unit {
    /// The federation of the city.
    pub const CITY: &str = "wf-9901";
    /// The hotline centre.
    pub const HOTLINE: &str = "hotline-9901";
    /// The federation of the eastern county.
    pub const EAST: &str = "wf-990101";
    /// The federation of the western county.
    pub const WEST: &str = "wf-990121";
    /// The federation of a street in the eastern county.
    pub const EAST_TOWN: &str = "wf-990101001";
    /// The federation of a town in the western county.
    pub const WEST_TOWN: &str = "wf-990121100";
    /// The police of the eastern county.
    pub const EAST_POLICE: &str = "police-990101";
    /// The judicial bureau of the eastern county.
    pub const EAST_JUSTICE: &str = "justice-990101";
    /// A street in the eastern county, as a region.
    pub const EAST_STREET: &str = "990101001000";
    /// A town in the western county, as a region.
    pub const WEST_PLACE: &str = "990121100000";
}

static CITY: LazyLock<City> = LazyLock::new(read);

fn read() -> City {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("city");
    packs::load(&dir).unwrap_or_else(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("the sample city is not sound:\n{}", faults.join("\n"))
    })
}

/// The sample city, loaded once.
///
/// # Panics
/// When its pack has faults, with all of them.
pub fn city() -> &'static City {
    &CITY
}

/// The rules of the sample city.
pub fn pack() -> Arc<Pack> {
    CITY.pack.clone()
}

/// The same rules read anew, for a test that changes them.
///
/// # Panics
/// When the pack has faults, with all of them.
pub fn own_pack() -> Arc<Pack> {
    read().pack
}

/// The keys of every test; worth nothing. Of the suite that `XIAOHE_TEST_SUITE` names, so that all
/// that is tested can be tested with the national one too.
///
/// # Panics
/// When there is no such suite.
pub fn keys() -> Arc<Keys> {
    static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| {
        let name = std::env::var("XIAOHE_TEST_SUITE");
        let suite = name.map_or(Some(Suite::International), |name| Suite::named(&name));
        keys_of(suite.expect("a suite of this name"))
    });
    KEYS.clone()
}

/// The same keys for one suite.
///
/// # Panics
/// Never: the text is right.
pub fn keys_of(suite: Suite) -> Arc<Keys> {
    let (root, wrap) = ("01".repeat(32), "02".repeat(32));
    let text = format!("suite={}\nroot={root}\nwrap.1={wrap}", suite.name());
    Arc::new(Keys::parse(&text).expect("test keys"))
}
