//! The description of the API (OpenAPI 3.1), written by hand route by route beside the schemas;
//! a test holds it against the route table.

mod schemas;

use crate::app::App;
use axum::{Json, extract::State};
use domain::pack::Pack;
use serde_json::{Map, Value, json};

pub(crate) async fn document(State(app): State<App>) -> Json<Value> {
    Json(build(&app.pack()))
}

/// The description for a city: its channels, categories and workflows are part of it.
fn build(pack: &Pack) -> Value {
    let paths: Map<String, Value> = [
        ("/api/openapi.json", description()),
        ("/api/v1/categories", categories()),
        ("/api/v1/appeals", appeals()),
        ("/api/v1/appeals/track", track()),
        ("/api/v1/sessions", sessions()),
        ("/api/v1/sessions/current", current_session()),
        ("/api/v1/cases", cases()),
        ("/api/v1/cases/{number}", case()),
        ("/api/v1/cases/{number}/actions/{action}", act()),
        ("/api/v1/cases/{number}/reveal", reveal()),
        ("/api/v1/cases/{number}/secrecy", secrecy()),
        ("/api/v1/cases/{number}/secrecy/{what}", guard()),
        ("/api/v1/demo/accounts", demo_accounts()),
    ]
    .into_iter()
    .map(|(path, item)| (path.to_owned(), item))
    .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Xiaohe",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Appeals and cases of a women's federation",
            "description": "Every error is a problem document (RFC 9457). A POST may carry an \
                Idempotency-Key: repeated with the same content it has the same result, with \
                another content it is refused with 409. Unknown properties are ignored.",
            "license": { "name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later" },
        },
        "servers": [{ "url": "/" }],
        "tags": [{ "name": "public" }, { "name": "staff" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas::all(pack),
            "parameters": { "IdempotencyKey": {
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "Chosen by the client, for example a UUID.",
                "schema": { "type": "string", "minLength": 1, "maxLength": 200,
                    "pattern": "^[!-~]+$" },
            } },
            "responses": { "Problem": {
                "description": "What went wrong.",
                "content": { "application/problem+json": { "schema": of("Problem") } },
            } },
        },
    })
}

fn of(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// One operation. The pair is the status and schema of success, `bad` the statuses of problems.
fn operation(name: &str, summary: &str, (status, schema): (u16, Value), bad: &[u16]) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": "Done." });
    if !schema.is_null() {
        success["content"] = json!({ "application/json": { "schema": schema } });
    }
    responses.insert(status.to_string(), success);
    // Overload and faults can meet every request.
    for status in bad.iter().chain(&[500, 503]) {
        let problem = json!({ "$ref": "#/components/responses/Problem" });
        responses.insert(status.to_string(), problem);
    }
    json!({
        "operationId": name, "summary": summary, "tags": ["public"], "responses": responses,
    })
}

/// The same operation, for staff only.
fn for_staff(mut operation: Value) -> Value {
    operation["security"] = json!([{ "token": [] }]);
    operation["tags"] = json!(["staff"]);
    operation["responses"]["401"] = json!({ "$ref": "#/components/responses/Problem" });
    operation
}

/// The same operation with a body, as every POST takes one.
fn with_body(mut operation: Value, schema: &str) -> Value {
    operation["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": of(schema) } },
    });
    let parameters = operation.as_object_mut().map(|o| o.entry("parameters").or_insert(json!([])));
    if let Some(Value::Array(all)) = parameters {
        all.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    for status in ["400", "413", "415", "422"] {
        operation["responses"][status] = json!({ "$ref": "#/components/responses/Problem" });
    }
    operation
}

fn query(name: &str, required: bool, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "required": required, "description": description,
        "schema": schema })
}

fn in_path(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "description": description,
        "schema": { "type": "string", "minLength": 1 } })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn description() -> Value {
    let body = json!({ "type": "object" });
    json!({ "get": operation("describe", "This description.", (200, body), &[]) })
}

fn categories() -> Value {
    let tree = json!({ "type": "array", "items": of("Category") });
    json!({ "get": operation("categories", "What an appeal can be about.", (200, tree), &[]) })
}

fn appeals() -> Value {
    let summary = "Sends an appeal. The receipt is shown this once and opens the appeal later.";
    let send = operation("sendAppeal", summary, (201, of("Receipt")), &[401, 403, 409]);
    let mut send = with_body(send, "Appeal");
    // A token is needed only for channels that residents cannot use.
    send["security"] = json!([{}, { "token": [] }]);
    send["responses"]["201"]["headers"] = location();
    json!({ "post": send })
}

fn location() -> Value {
    json!({ "Location": { "description": "Where it is found.", "schema": text() } })
}

fn track() -> Value {
    let summary = "How an appeal stands. An unknown number and a wrong receipt are not told apart.";
    let mut track = operation("trackAppeal", summary, (200, of("Progress")), &[400, 404, 429]);
    let some = json!({ "type": "string", "minLength": 1 });
    track["parameters"] = json!([
        query("number", true, "Number of the appeal.", &some),
        query("receipt", true, "Its secret receipt.", &some),
    ]);
    json!({ "get": track })
}

fn sessions() -> Value {
    let summary = "Logs in. Every log-in has a token of its own, valid for twelve hours.";
    let create = operation("logIn", summary, (201, of("Session")), &[401, 403, 429]);
    json!({ "post": with_body(create, "Login") })
}

fn current_session() -> Value {
    let end = operation("logOut", "Ends this session.", (204, Value::Null), &[]);
    json!({ "delete": for_staff(end) })
}

fn cases() -> Value {
    let summary = "Cases and tasks of a unit, the most urgent first; or hits of a search.";
    let mut list = for_staff(operation("listCases", summary, (200, of("CaseList")), &[400]));
    let lights = json!({ "enum": ["", "green", "yellow", "red"] });
    list["parameters"] = json!([
        query("state", false, "Code of a state, or ~ and a kind of task.", &text()),
        query("unit", false, "The own unit or one below it.", &text()),
        query("light", false, "Time light.", &lights),
        query(
            "q",
            false,
            "Words, a name, a telephone or a number.",
            &json!({ "type": "string", "maxLength": 100 })
        ),
        query(
            "cursor",
            false,
            "next_cursor of the page before.",
            &json!({ "type": "string", "pattern": "^(-?[0-9]{1,18}_[0-9]{1,18})?$" })
        ),
    ]);
    let summary = "Opens a case of any workflow, and takes first steps.";
    let open = operation("openCase", summary, (201, of("OpenedCase")), &[403, 404, 409]);
    let mut open = for_staff(with_body(open, "NewCase"));
    open["responses"]["201"]["headers"] = location();
    json!({ "get": list, "post": open })
}

fn case() -> Value {
    let summary = "Everything about a case that the viewer may see.";
    let mut show = for_staff(operation("showCase", summary, (200, of("Case")), &[400, 404]));
    show["parameters"] = json!([in_path("number", "Number of the case.")]);
    json!({ "get": show })
}

fn act() -> Value {
    let summary = "Takes a step. A step that is not possible is refused with those that are.";
    let mut act = operation("act", summary, (200, of("Moved")), &[404, 409]);
    act["parameters"] = json!([
        in_path("number", "Number of the case."),
        in_path("action", "Code of the step, from allowed_actions."),
    ]);
    json!({ "post": for_staff(with_body(act, "Fields")) })
}

fn reveal() -> Value {
    let summary = "Shows a masked field whole. It is remembered who asked for it.";
    let mut show = operation("reveal", summary, (200, of("Revealed")), &[404]);
    show["parameters"] = json!([in_path("number", "Number of the case.")]);
    json!({ "post": for_staff(with_body(show, "Masked")) })
}

fn secrecy() -> Value {
    let summary = "Who may know of a case: its circle, who is kept out and who perhaps should be, \
        broken glass, lent identities.";
    let mut show = for_staff(operation("showSecrecy", summary, (200, of("Secrecy")), &[404]));
    show["parameters"] = json!([in_path("number", "Number of the case.")]);
    json!({ "get": show })
}

fn guard() -> Value {
    let summary = "Changes who may know of a case. A case that the caller may not know of is \
        answered like one that does not exist. Breaking the glass is for a person with a second \
        proof at hand and is a page only.";
    let mut act = operation("changeSecrecy", summary, (200, of("Guarded")), &[404, 409]);
    let mut deed = in_path("what", "What is to be done.");
    deed["schema"] = json!({ "enum": ["seal", "unseal", "admit", "dismiss", "bar", "unbar",
        "bar-unit", "unbar-unit", "judge-right", "judge-wrong", "ask", "lend"] });
    act["parameters"] = json!([in_path("number", "Number of the case."), deed]);
    json!({ "post": for_staff(with_body(act, "Guarding")) })
}

fn demo_accounts() -> Value {
    let all = json!({ "type": "array", "items": of("DemoAccount") });
    let summary = "Accounts of a demonstration; 404 in earnest.";
    json!({ "get": operation("demoAccounts", summary, (200, all), &[404]) })
}
