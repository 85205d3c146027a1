//! The codes of problems, each with its status: what a caller's program goes by.
//!
//! Invariant: a code never changes its name or its status. `docs/openapi.json` lists the same ones.

use axum::http::StatusCode;

/// Declares the codes once, so that none is missing where all are listed.
macro_rules! codes {
    ($($(#[$doc:meta])+ $code:ident = $status:ident $name:literal,)+) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])+ $code,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// Its name in answers and logs.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)+
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = BAD_REQUEST "malformed_json",
    /// A field is wrong.
    InvalidField = BAD_REQUEST "invalid_field",
    /// The idempotency key is invalid.
    InvalidIdempotencyKey = BAD_REQUEST "invalid_idempotency_key",
    /// The gateway says that the body is base64, and it is not.
    BodyNotBase64 = BAD_REQUEST "body_not_base64",
    /// Nothing proves which source it is.
    NotVerified = UNAUTHORIZED "not_verified",
    /// The source may not set or remove that tag.
    TagNotAllowed = FORBIDDEN "tag_not_allowed",
    /// The source may not do that with tags.
    ActionNotAllowed = FORBIDDEN "action_not_allowed",
    /// The source may not name so many machines.
    MachinesNotAllowed = FORBIDDEN "machines_not_allowed",
    /// There is no such address, or no such request of this source.
    NotFound = NOT_FOUND "not_found",
    /// The address does not take this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed",
    /// No machine of the request has failed.
    NothingToRetry = CONFLICT "nothing_to_retry",
    /// The request changed while it was sent again.
    RequestChanged = CONFLICT "request_changed",
    /// The body has too many bytes.
    BodyTooLarge = PAYLOAD_TOO_LARGE "body_too_large",
    /// The request names too many machines.
    TooManyMachines = PAYLOAD_TOO_LARGE "too_many_machines",
    /// The delivery has more of something than is read.
    DeliveryTooLarge = PAYLOAD_TOO_LARGE "delivery_too_large",
    /// The body is not said to be JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type",
    /// The key was used for another request.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY "idempotency_key_reused",
    /// No machine id is where one can be.
    NoMachineId = UNPROCESSABLE_ENTITY "no_machine_id",
    /// The event is too old, or yet to come.
    EventTooOld = UNPROCESSABLE_ENTITY "event_too_old",
    /// The relay has failed.
    InternalError = INTERNAL_SERVER_ERROR "internal_error",
    /// The request could not be made durable.
    StoreUnavailable = SERVICE_UNAVAILABLE "store_unavailable",
    /// The source's keys could not be read.
    SecretsUnavailable = SERVICE_UNAVAILABLE "secrets_unavailable",
}
