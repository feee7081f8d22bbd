//! How often the public may write to us from one house and from one network. Quiet: nobody notices
//! who does not flood; many people behind one address, as in a factory or on a mobile network, have
//! room. No puzzle and no picture to decipher: people on old telephones write here in distress.
//!
//! Words that call for help at once have a larger room of their own, and whatever is refused here
//! still shows the numbers to call.

use crate::{app::App, edge::Visitor, error::Oops, throttle::Rate};

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Goes from page to page of a form, or changes how pages look.
    Step,
    /// Sends an appeal.
    Appeal,
    /// Sends an appeal with words that call for help at once.
    Alarm,
    /// Asks for a case by number and receipt.
    LookUp,
    /// A partner with a key sends what others reported.
    Partner,
}

impl Pace {
    /// Name of the pace, from one house, from one network.
    fn rates(self) -> (&'static str, Rate, Rate) {
        let rate = |burst, every| Rate { burst, every };
        match self {
            Self::Step => ("step", rate(240, 1_000), rate(2_400, 100)),
            Self::Appeal => ("appeal", rate(40, 30_000), rate(240, 5_000)),
            Self::Alarm => ("alarm", rate(200, 5_000), rate(1_000, 1_000)),
            Self::LookUp => ("look up", rate(120, 5_000), rate(1_200, 500)),
            Self::Partner => ("partner", rate(1_000, 1_000), rate(4_000, 250)),
        }
    }

    /// Counts one more of it.
    ///
    /// # Errors
    /// [`Oops::Slow`] when it is too many.
    pub(crate) fn take(self, app: &App, visitor: Visitor) -> Result<(), Oops> {
        if app.edge().unpaced {
            return Ok(());
        }
        let (name, house, network) = self.rates();
        let now = app.now();
        for (part, rate) in [(visitor.house(), house), (visitor.network(), network)] {
            let Some(part) = part else { continue };
            app.pace().take(&format!("{name} {part}"), rate, now).map_err(Oops::Slow)?;
        }
        Ok(())
    }
}
