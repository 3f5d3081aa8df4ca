//! What a client is told when its request cannot be answered, in OpenAI's form.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::rollout::RefusedRequest;

/// An answer that says what went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub status: StatusCode,
    pub message: String,
    /// The field that is to blame.
    pub param: Option<String>,
}

impl ApiError {
    /// The client's mistake.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into(), param: None }
    }

    /// A field's mistake.
    pub(super) fn of(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::invalid(message) }
    }

    pub(super) fn with_status(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, ..Self::invalid(message) }
    }

    /// The server's own mistake.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// `{"error": {…}}`.
    pub(super) fn json(&self) -> Value {
        let kind = match self.status.as_u16() {
            401 => "authentication_error",
            404 => "not_found_error",
            400..500 => "invalid_request_error",
            503 => "overloaded_error",
            _ => "internal_server_error",
        };
        json!({"error": {
            "message": self.message, "type": kind, "param": self.param, "code": self.status.as_u16(),
        }})
    }
}

impl From<RefusedRequest> for ApiError {
    fn from(refused: RefusedRequest) -> Self {
        Self::with_status(StatusCode::SERVICE_UNAVAILABLE, format!("{refused}; try again later"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.json())).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
