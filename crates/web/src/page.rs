//! What every page shows around its own content: names, language, navigation, who is logged in.

use crate::{
    app::App,
    assets, cookies,
    error::Oops,
    lang::{Lang, to_traditional},
    session::LoggedIn,
};
use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use domain::pack::{Admin, Brand, Pack};
use jiff::civil::Date;
use std::{convert::Infallible, sync::Arc};

/// The surroundings of a page.
#[derive(Clone)]
pub struct Page {
    /// Language.
    pub lang: Lang,
    /// Large text was chosen.
    pub large: bool,
    /// Names of the platform.
    pub brand: Brand,
    /// The city, for names of units, states and categories.
    pub pack: Arc<Pack>,
    /// Path of this request, for the mark in the navigation and the language links.
    pub path: String,
    /// Who is logged in.
    pub who: Option<Who>,
    app: App,
}

/// Who is logged in, as the header shows it.
#[derive(Debug, Clone)]
pub struct Who {
    /// Account; says whose the drafts in a browser are.
    pub account: i64,
    /// Name.
    pub name: String,
    /// First role, in words.
    pub role: String,
    /// Names of those for whom this person acts.
    pub standing_in: Vec<String>,
    /// Unit, in words.
    pub unit: String,
    /// Secret that every form carries.
    pub csrf: String,
    /// Role codes.
    pub roles: Vec<String>,
}

impl Page {
    /// The civil day in the city.
    pub fn today(&self) -> Date {
        self.pack.date_of(self.app.now())
    }

    /// A text in the language of the page.
    pub fn t<'a>(&'a self, key: &'a str) -> &'a str {
        self.app.texts().get(self.lang, key)
    }

    /// A text with variables.
    pub fn tf(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.app.texts().fill(self.lang, key, values)
    }

    /// The name or its English form, as the page's language asks; Chinese when untranslated.
    pub fn either<'a>(&self, name: &'a str, en: &'a str) -> &'a str {
        if self.lang == Lang::En && !en.is_empty() { en } else { name }
    }

    /// The short name of a unit; its code when it no longer exists.
    pub fn unit<'a>(&'a self, code: &'a str) -> &'a str {
        self.pack.units.get(code).map_or(code, |u| self.either(&u.short, &u.short_en))
    }

    /// The short name of the platform.
    pub fn short(&self) -> &str {
        self.either(&self.brand.short, &self.brand.short_en)
    }

    /// The full name of the platform.
    pub fn platform(&self) -> &str {
        self.either(&self.brand.platform, &self.brand.english)
    }

    /// The body that runs the platform.
    pub fn owner(&self) -> &str {
        self.either(&self.brand.owner, &self.brand.owner_en)
    }

    /// `aria-current` for the navigation: whether this path begins with `prefix`.
    pub fn is_at(&self, prefix: &str) -> bool {
        if prefix == "/" { self.path == "/" } else { self.path.starts_with(prefix) }
    }

    /// Whether somebody with one of these roles is logged in.
    pub fn has_role(&self, roles: &[&str]) -> bool {
        self.who.as_ref().is_some_and(|w| w.roles.iter().any(|r| roles.contains(&r.as_str())))
    }

    /// Whether the viewer may ask what others did.
    pub fn may_audit(&self) -> bool {
        self.who.as_ref().is_some_and(|who| {
            self.pack.supervises(&who.roles)
                || self.pack.administers(&who.roles) == Some(Admin::Audit)
        })
    }

    /// Whether the viewer may take whole lists out of the system.
    pub fn may_export(&self) -> bool {
        self.who.as_ref().is_some_and(|who| self.pack.exports(&who.roles))
    }

    /// Whether the viewer administers accounts.
    pub fn may_administer(&self) -> bool {
        let kind = self.who.as_ref().and_then(|who| self.pack.administers(&who.roles));
        matches!(kind, Some(Admin::System | Admin::Security))
    }

    /// The secret for forms; empty on public pages, which have no session to protect.
    pub fn csrf(&self) -> &str {
        self.who.as_ref().map_or("", |w| w.csrf.as_str())
    }

    /// Whether the script of this island was built; without it the page works all the same.
    pub fn has_script(&self, island: &str) -> bool {
        assets::script(island).is_some()
    }

    /// The address of an island's script, with its version; empty when it was not built.
    pub fn script(&self, island: &str) -> String {
        assets::script(island).unwrap_or_default()
    }

    /// Prints a page.
    ///
    /// # Errors
    /// When the template fails, which a test of each template rules out.
    pub fn show<T: Template>(&self, template: &T) -> Result<Response, Oops> {
        let html = template.render().map_err(|e| Oops::fault(&e))?;
        let html = if self.lang == Lang::Hant { to_traditional(&html) } else { html };
        Ok(Html(html).into_response())
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(of(app, parts))
    }
}

/// The surroundings for a request.
pub(crate) fn of(app: &App, parts: &Parts) -> Page {
    let pack = app.pack();
    let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let lang = cookies::get(app.edge(), &parts.headers, "lang")
        .and_then(|tag| Lang::tagged(&tag))
        .unwrap_or_else(|| Lang::accepted(accepted.unwrap_or_default()));
    let who = parts.extensions.get::<LoggedIn>().map(|l| {
        let role = l.account.roles.first().and_then(|r| pack.roles.get(r));
        Who {
            account: l.account.id,
            name: l.account.name.clone(),
            role: role.map_or(String::new(), |r| {
                if lang == Lang::En && !r.en.is_empty() { r.en.clone() } else { r.name.clone() }
            }),
            standing_in: l.standing_in.clone(),
            unit: pack.units.get(&l.account.unit).map_or(l.account.unit.clone(), |u| {
                if lang == Lang::En { u.short_en.clone() } else { u.short.clone() }
            }),
            csrf: l.csrf.clone(),
            roles: l.account.roles.clone(),
        }
    });
    Page {
        lang,
        large: cookies::get(app.edge(), &parts.headers, "large").as_deref() == Some("1"),
        brand: pack.brand.clone(),
        pack,
        path: parts.uri.path().to_owned(),
        who,
        app: app.clone(),
    }
}
