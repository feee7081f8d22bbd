use axum::Json;
use serde_json::{Value, json};
pub(crate) async fn document() -> Json<Value> {
    Json(json!({}))
}
