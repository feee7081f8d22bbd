//! Open311 `GeoReport` v2 for the services that are not sensitive: what is offered, how requests
//! stand, and sending one. Of a request only number, service, status and two instants are public.

mod keys;
mod node;
mod offers;
mod requests;
mod send;

use crate::{
    error::{Oops, field_words},
    page::Page,
    routes::{Access, Routes},
};
use axum::{http::StatusCode, response::Response, routing::get};
use domain::refusal::Refusal;
use node::{Format, Node};

pub(crate) fn routes(routes: Routes) -> Routes {
    let requests = || get(requests::list).post(send::create);
    routes
        .add(Access::Public, "/open311/discovery.xml", get(offers::discovery))
        .add(Access::Public, "/open311/discovery.json", get(offers::discovery))
        .add(Access::Public, "/open311/v2/discovery.xml", get(offers::discovery))
        .add(Access::Public, "/open311/v2/discovery.json", get(offers::discovery))
        .add(Access::Public, "/open311/v2/services.xml", get(offers::list))
        .add(Access::Public, "/open311/v2/services.json", get(offers::list))
        .add(Access::Public, "/open311/v2/services/{code}", get(offers::definition))
        .add(Access::Public, "/open311/v2/requests.xml", requests())
        .add(Access::Public, "/open311/v2/requests.json", requests())
        .add(Access::Public, "/open311/v2/requests/{id}", get(requests::one))
        .add(Access::Public, "/open311/v2/tokens/{token}", get(requests::of_token))
}

/// An error in the form of the standard: a list of code and description.
pub(crate) fn problem(page: &Page, oops: &Oops) -> Response {
    let status = match oops.status() {
        // The standard knows no 422.
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let error = |words: String| {
        Node::Map(vec![("code", Node::Int(status.as_u16())), ("description", Node::text(words))])
    };
    let errors = match oops {
        Oops::Refused(Refusal::Fields(faults)) => {
            faults.iter().map(|f| error(field_words(page, f))).collect()
        }
        _ => vec![error(oops.words(page))],
    };
    let mut response = Format::of(&page.path).print("errors", &Node::List("error", errors));
    *response.status_mut() = status;
    response
}
